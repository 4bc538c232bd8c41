// Answers to the challenges a peer puts to our requests (RFC 3261 §22.2, §22.3): one answer per realm, one more when the
// nonce was stale. Plain data beside the call, so an answered challenge survives a restart.
import { authorize, type Challenge, type Credentials, readChallenges, strongest } from '../sip/message/digest.ts';
import type { HeaderList, Response } from '../sip/message/message.ts';

/** The challenges answered so far for one request, the newest nonce of each realm, and how often each nonce was used. */
export type Authorizations = readonly {
  readonly challenge: Challenge;
  readonly stale: boolean;
  readonly uses: number;
}[];

/** On the way to a peer are few realms. One that makes up a new one with each challenge could go on for ever. */
const mostRealms = 8;

/** The challenges to answer next, or null when answering again would only repeat what was refused. */
export function challenged(answered: Authorizations, response: Response): Authorizations | null {
  const challenges = strongest(readChallenges(response));
  if (challenges.length === 0 || challenges.length > mostRealms) return null;
  let next = answered;
  for (const challenge of challenges) {
    const before = answered.find((one) => sameRealm(one.challenge, challenge));
    if (before && (!challenge.stale || before.stale)) return null;
    next = [...next.filter((one) => one !== before), { challenge, stale: before !== undefined, uses: 0 }];
  }
  return next.length > mostRealms ? null : next;
}

export function authorizationHeaders(
  authorizations: Authorizations,
  request: { readonly method: string; readonly uri: string; readonly cnonce: string },
  credentials: Credentials | null,
): HeaderList {
  if (credentials === null) return [];
  return authorizations.map(({ challenge, uses }) => authorize(challenge, { ...request, nc: uses + 1 }, credentials));
}

/** The same once they were sent: a server takes no count of its nonce twice (RFC 7616 §3.4, nc). */
export function used(authorizations: Authorizations): Authorizations {
  return authorizations.map((one) => ({ ...one, uses: one.uses + 1 }));
}

const sameRealm = (a: Challenge, b: Challenge): boolean => a.header === b.header && a.realm === b.realm;
