// Challenges answered by a client (RFC 3261 §22.2, §22.3): one answer for each realm a request, one more when the nonce was
// stale; a nonce that is known is used again before anybody asks, with a count that rises (RFC 7616 §3.4, §3.6).
// Plain data that whoever sends the requests keeps, so that the count survives a restart. Leaves out the digest (digest.ts).
import { authorize, type Challenge, type Credentials, readChallenges, strongest } from './digest.ts';
import type { HeaderList, Request, Response } from './message.ts';

/** The newest nonce of each realm: how often it was used, and how many challenges of the realm this request was put. */
export type Authorizations = readonly {
  readonly challenge: Challenge;
  readonly nc: number;
  readonly rounds: number;
}[];

/** On the way to a peer are few realms. One that makes up a new one with each challenge could go on for ever. */
const mostRealms = 8;

/** As often as an operator would; a server that goes on is not to be satisfied. */
const roundsWhenStale = 2;

/**
 * The challenges to answer next, or null when answering again would only repeat what was refused. With `realm` those of
 * others are passed over.
 */
export function challenged(
  known: Authorizations,
  response: Response,
  realm: string | null = null,
): Authorizations | null {
  const all = strongest(readChallenges(response));
  const challenges = realm === null ? all : all.filter((challenge) => challenge.realm === realm);
  if (challenges.length === 0 || challenges.length > mostRealms) return null;
  let next = known;
  for (const challenge of challenges) {
    const before = known.find((one) => sameRealm(one.challenge, challenge));
    const rounds = (before?.rounds ?? 0) + 1;
    if (rounds > (challenge.stale ? roundsWhenStale : 1)) return null;
    next = [...next.filter((one) => one !== before), { challenge, nc: 0, rounds }];
  }
  return next.length > mostRealms ? null : next;
}

/** Before a request that is not the last one again: each realm may challenge it anew. */
export function forNextRequest(known: Authorizations): Authorizations {
  return known.map((one) => (one.rounds === 0 ? one : { ...one, rounds: 0 }));
}

/** The credentials for one request, each use of a nonce with the next count, and what is known once it is sent. */
export function authorized(
  known: Authorizations,
  request: { readonly method: string; readonly uri: string; readonly cnonce: string },
  credentials: Credentials | null,
): { readonly headers: HeaderList; readonly authorizations: Authorizations } {
  if (credentials === null) return { headers: [], authorizations: known };
  const authorizations = known.map((one) => ({ ...one, nc: one.nc + 1 }));
  const headers = authorizations.map(({ challenge, nc }) => authorize(challenge, { ...request, nc }, credentials));
  return { headers, authorizations };
}

/** The credentials of a request as they stand in it: the ACK of its 2xx repeats them (RFC 3261 §13.2.2.4). */
export function credentialsIn(request: Request): HeaderList {
  return (['Authorization', 'Proxy-Authorization'] as const).flatMap((name) =>
    request.all(name).map((value) => [name, value] as const),
  );
}

const sameRealm = (a: Challenge, b: Challenge): boolean => a.header === b.header && a.realm === b.realm;
