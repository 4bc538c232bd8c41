// Answers to the challenges a peer puts to our requests (RFC 3261 §22.2, §22.3): one answer per realm, one more when the
// nonce was stale. Plain data beside the call, so an answered challenge survives a restart.
import { authorize, type Challenge, type Credentials, readChallenges, strongest } from '../sip/message/digest.ts';
import type { HeaderList, Response } from '../sip/message/message.ts';

/** The challenges answered so far for one request, the newest nonce of each realm. */
export type Authorizations = readonly { readonly challenge: Challenge; readonly stale: boolean }[];

/** The challenges to answer next, or null when answering again would only repeat what was refused. */
export function challenged(answered: Authorizations, response: Response): Authorizations | null {
  const challenges = strongest(readChallenges(response));
  if (challenges.length === 0) return null;
  let next = answered;
  for (const challenge of challenges) {
    const before = answered.find((one) => sameRealm(one.challenge, challenge));
    if (before && (!challenge.stale || before.stale)) return null;
    next = [...next.filter((one) => one !== before), { challenge, stale: before !== undefined }];
  }
  return next;
}

export function authorizationHeaders(
  authorizations: Authorizations,
  request: { readonly method: string; readonly uri: string; readonly cnonce: string },
  credentials: Credentials | null,
): HeaderList {
  if (credentials === null) return [];
  return authorizations.map(({ challenge }) => authorize(challenge, { ...request, nc: 1 }, credentials));
}

const sameRealm = (a: Challenge, b: Challenge): boolean => a.header === b.header && a.realm === b.realm;
