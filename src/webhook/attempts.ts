// An attempt as it is kept: when it was, and what was answered, without secrets and in bounds. Leaves out the request's
// headers, which are the same for all but the time.
import type { AttemptRow } from '../store/store.ts';
import type { PostAnswer } from './post.ts';

type Times = Pick<AttemptRow, 'startedAt' | 'finishedAt' | 'url'>;

/** How many headers are kept, and how many characters of each value. */
const mostHeaders = 32;
const longestValue = 256;
const secret = /cookie|auth|token|secret|api-?key/;

/** The JSON of an attempt that was answered. */
export function answeredAttempt(times: Times, { status, headers = {}, body = '' }: PostAnswer): string {
  return JSON.stringify({ ...times, status, headers: shown(headers), body, error: null } satisfies AttemptRow);
}

/** The JSON of one that was not. */
export function unansweredAttempt(times: Times, error: string): string {
  return JSON.stringify({ ...times, status: null, headers: [], body: '', error } satisfies AttemptRow);
}

function shown(headers: Readonly<Record<string, unknown>>): [string, string][] {
  const kept: [string, string][] = [];
  for (const name in headers) {
    if (kept.length === mostHeaders) break;
    kept.push([name, secret.test(name) ? '***' : String(headers[name]).slice(0, longestValue)]);
  }
  return kept;
}
