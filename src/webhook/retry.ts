// When and where an event is tried again; pure. A first round of up to three tries per URL within 60 s, then one pass
// over the URLs at growing intervals until the event is too old; or one round by the waits the event has of its own, and
// no more. An answer that refuses the event (a 4xx that is neither 408 nor 429, a redirect not followed), or an address it
// must not go to, ends the tries on its URL; the failover URL then gets one pass.
import type { Destination } from '../store/store.ts';

/** The final status of an attempt, redirects followed; null if nobody answered in time; or nobody was to be asked. */
export type Outcome = number | null | 'forbidden';

/** Where in the schedule an event stands: what its next attempt is. */
export interface Progress {
  /** 0 is the first round. */
  readonly round: number;
  readonly on: 'primary' | 'failover';
  /** How often this URL was tried again in this round. */
  readonly repeats: number;
  readonly primaryRefused: boolean;
  readonly failoverRefused: boolean;
  /** Wall-clock instant of its first attempt; null before it. */
  readonly begunAt: number | null;
}

/** The rest of what a verdict depends on. */
export interface Circumstances {
  readonly destination: Destination;
  /** Attempts made so far, the last one included. */
  readonly attempts: number;
  readonly occurredAt: number;
  /** Wall-clock milliseconds now. */
  readonly date: number;
  readonly maxAgeMs: number;
  /** In [0, 1): spreads what failed together. */
  readonly random: number;
}

export type Verdict =
  | { readonly type: 'delivered' }
  | { readonly type: 'failed' }
  | {
      readonly type: 'again';
      readonly progress: Progress;
      readonly url: string;
      readonly delayMs: number;
      readonly attempt: number;
    };

/** The waits before the second and the third try on a URL. */
const retryDelaysMs = [1_000, 3_000] as const;
const firstRoundMs = 60_000;
/** The interval between later rounds doubles from the first to the last of these; with its jitter it ends at 60 s. */
const roundDelaysMs = [6_000, 48_000] as const;
const jitter = 0.25;

/** Where a new event stands, and one that is to be delivered once more. */
export const beginning: Progress = begin(0, null);

/** Where an event stands, from what was written of it; of one whose progress nobody wrote only its attempts are known. */
export function resume(written: string | null, attempts: number, destination: Destination): Progress {
  if (written !== null) return JSON.parse(written) as Progress;
  const urls = destination.failoverUrl ? 2 : 1;
  const beyond = attempts - urls * (waitsOf(destination).length + 1);
  return begin(beyond < 0 ? 0 : 1 + Math.floor(beyond / urls), null);
}

export function next(progress: Progress, outcome: Outcome, circumstances: Circumstances): Verdict {
  if (typeof outcome === 'number' && outcome >= 200 && outcome <= 299) return { type: 'delivered' };
  if (isRetryable(outcome)) {
    return repeat(progress, circumstances) ?? failOver(progress, circumstances) ?? laterRound(progress, circumstances);
  }
  const refused =
    progress.on === 'primary' ? { ...progress, primaryRefused: true } : { ...progress, failoverRefused: true };
  return failOver(refused, circumstances) ?? laterRound(refused, circumstances);
}

/** Whether an event in a later round is too old for another attempt. The first round is every event's right. */
export function isExpired(progress: Progress, occurredAt: number, date: number, maxAgeMs: number): boolean {
  return progress.round > 0 && date > occurredAt + maxAgeMs;
}

/** Where an event goes for its next attempt. */
export function urlOf({ on }: Progress, { url, failoverUrl }: Destination): string {
  return on === 'failover' && failoverUrl ? failoverUrl : url;
}

/**
 * Where a redirect leads that may be followed: a 307 or 308, which keep method and body, on the same scheme, at most
 * three in a row. Null otherwise.
 */
export function redirectOf(
  status: number,
  location: string | undefined,
  from: string,
  followed: number,
): string | null {
  if ((status !== 307 && status !== 308) || location === undefined || followed >= 3) return null;
  const to = URL.parse(location, from);
  return to && to.protocol === new URL(from).protocol ? to.href : null;
}

function begin(round: number, begunAt: number | null): Progress {
  return { round, on: 'primary', repeats: 0, primaryRefused: false, failoverRefused: false, begunAt };
}

function waitsOf({ retriesMs }: Destination): readonly number[] {
  return retriesMs ?? retryDelaysMs;
}

function isRetryable(outcome: Outcome): boolean {
  if (outcome === 'forbidden') return false;
  return outcome === null || outcome === 408 || outcome === 429 || outcome >= 500;
}

/** The same URL again: only in the first round, and only if the try can end within the URL's share of it. */
function repeat(progress: Progress, circumstances: Circumstances): Verdict | null {
  const { destination, date, random } = circumstances;
  const wait = waitsOf(destination)[progress.repeats];
  if (progress.round > 0 || wait === undefined) return null;
  const repeated = { ...progress, repeats: progress.repeats + 1 };
  if (destination.retriesMs !== null) return again(repeated, wait, circumstances);
  const delayMs = spread(wait, random);
  const elapsedMs = date - (progress.begunAt ?? date);
  const shareMs = progress.on === 'primary' && destination.failoverUrl ? firstRoundMs / 2 : firstRoundMs;
  if (elapsedMs + delayMs + destination.timeoutMs > shareMs) return null;
  return again(repeated, delayMs, circumstances);
}

function failOver(progress: Progress, circumstances: Circumstances): Verdict | null {
  const possible = progress.on === 'primary' && circumstances.destination.failoverUrl && !progress.failoverRefused;
  return possible ? again({ ...progress, on: 'failover', repeats: 0 }, 0, circumstances) : null;
}

function laterRound(progress: Progress, circumstances: Circumstances): Verdict {
  const { destination, occurredAt, date, maxAgeMs, random } = circumstances;
  if (progress.primaryRefused || destination.retriesMs !== null) return { type: 'failed' };
  const [first, last] = roundDelaysMs;
  const delayMs = spread(Math.min(first * 2 ** progress.round, last), random);
  const following = { ...begin(progress.round + 1, progress.begunAt), failoverRefused: progress.failoverRefused };
  if (isExpired(following, occurredAt, date + delayMs, maxAgeMs)) return { type: 'failed' };
  return again(following, delayMs, circumstances);
}

function again(progress: Progress, delayMs: number, { attempts, destination }: Circumstances): Verdict {
  return { type: 'again', progress, url: urlOf(progress, destination), delayMs, attempt: attempts + 1 };
}

function spread(ms: number, random: number): number {
  return Math.round(ms * (1 + jitter * random));
}
