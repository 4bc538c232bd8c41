// Session timers (RFC 4028): what a session refresh request asks for, what a UAS makes of it, what a UAC reads from the
// answer, and the machine that refreshes or gives up. Seconds on the wire, wall-clock milliseconds in the machine. Pure.
// Leaves out building the re-INVITE or UPDATE (§7.4 prefers UPDATE where the peer allows it), and proxies (§8).
import { param, readParams } from '../message/address.ts';
import { readNumber } from '../message/grammar.ts';
import type { HeaderList, Request, Response } from '../message/message.ts';

// --- Session-Expires (§4) and Min-SE (§5)

/** A Session-Expires (RFC 4028 §4), in seconds. */
export interface SessionExpires {
  readonly intervalS: number;
  /** In the roles of the request it stands in or answers, not of the call. */
  readonly refresher: 'uac' | 'uas' | null;
}

// Session-Expires = ( "Session-Expires" / "x" ) HCOLON delta-seconds *( SEMI se-params )
// refresher-param = "refresher" EQUAL ( "uas" / "uac" )
/** Reads Session-Expires; null when it is no number of seconds. A refresher we do not know counts as none. */
export function readSessionExpires(text: string): SessionExpires | null {
  const [seconds, rest] = deltaSeconds(text);
  const params = seconds === null ? null : readParams(text, rest);
  if (seconds === null || params === null) return null;
  const refresher = param(params, 'refresher')?.toLowerCase();
  return { intervalS: seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : null };
}

/** Writes Session-Expires. */
export function writeSessionExpires({ intervalS, refresher }: SessionExpires): string {
  return refresher === null ? String(intervalS) : `${intervalS};refresher=${refresher}`;
}

/** Reads Min-SE, in seconds; null when it is none. */
export function readMinSe(text: string): number | null {
  const [seconds, rest] = deltaSeconds(text);
  return seconds === null || readParams(text, rest) === null ? null : seconds;
}

/** Writes Min-SE (RFC 4028 §5), in seconds. */
export function writeMinSe(seconds: number): string {
  return String(seconds);
}

function deltaSeconds(text: string): readonly [seconds: number | null, end: number] {
  const digits = /^[0-9]{1,10}(?=[ \t;]|$)/.exec(text)?.[0] ?? '';
  return [readNumber(digits), digits.length];
}

// --- What a refresh is negotiated with

/** §4: no interval is shorter, whatever Min-SE says. */
export const leastIntervalS = 90;

/** What we would like. §4 recommends 1,800 s. */
export interface SessionTimerWish {
  readonly intervalS: number;
  readonly minSeS: number;
  /** Who should refresh where the choice is ours. */
  readonly refresher: 'us' | 'them';
}

/** 1,800 s, refreshed by us (RFC 4028 §4). */
export const standardWish: SessionTimerWish = { intervalS: 1800, minSeS: leastIntervalS, refresher: 'us' };

/** What a request of ours asked for. `refresher` null leaves the choice to the UAS. */
export interface Asked {
  readonly intervalS: number;
  readonly minSeS: number;
  readonly refresher: 'us' | 'them' | null;
}

/** What both sides have agreed on by a 2xx; null is a session that does not expire. */
export type Agreement = { readonly intervalS: number; readonly refresher: 'us' | 'them' } | null;

/** What an initial INVITE asks for (§7.1): the interval, and no refresher unless we insist on ourselves. */
export function firstAsk({ intervalS, minSeS, refresher }: SessionTimerWish): Asked {
  const least = Math.max(minSeS, leastIntervalS);
  return { intervalS: Math.max(intervalS, least), minSeS: least, refresher: refresher === 'us' ? 'us' : null };
}

/** What a refresh inside the dialog asks for (§7.4): the interval that runs, and the refresher that is. */
export function nextAsk(agreed: NonNullable<Agreement>, minSeS: number): Asked {
  return { intervalS: Math.max(agreed.intervalS, minSeS), minSeS, refresher: agreed.refresher };
}

/** The headers of a request that asks so. Min-SE only where it says more than its default (§5). `timer` stands in Supported. */
export function askHeaders({ intervalS, minSeS, refresher }: Asked): HeaderList {
  const role = refresher === null ? null : refresher === 'us' ? 'uac' : 'uas';
  const expires = ['Session-Expires', writeSessionExpires({ intervalS, refresher: role })] as const;
  return minSeS > leastIntervalS ? [expires, ['Min-SE', writeMinSe(minSeS)]] : [expires];
}

/** A 422 to what we asked (§7.3): what to ask instead; null when its Min-SE gives nothing new to ask for. */
export function askAgain(asked: Asked, response: Response): Asked | null {
  const minSeS = readMinSe(response.get('Min-SE') ?? '');
  if (minSeS === null || minSeS <= asked.intervalS) return null;
  return { ...asked, intervalS: minSeS, minSeS: Math.max(minSeS, asked.minSeS) };
}

/**
 * What a 2xx has agreed on (§7.2). Without Session-Expires the session does not expire. A UAS that leaves out the
 * refresher, which it must not, is taken to mean what was asked, else us: two that refresh do no harm, none does.
 */
export function agreedBy(response: Response, asked: Asked): Agreement {
  const said = readSessionExpires(response.get('Session-Expires') ?? '');
  if (said === null) return null;
  const intervalS = Math.max(said.intervalS, leastIntervalS);
  if (said.refresher === null) return { intervalS, refresher: asked.refresher ?? 'us' };
  return { intervalS, refresher: said.refresher === 'uac' ? 'us' : 'them' };
}

/** What a UAS makes of a session refresh request (§9): a 422 with its Min-SE, or what its 2xx says. */
export type RefreshAnswer =
  | { readonly refused: 422; readonly headers: HeaderList }
  | { readonly refused: null; readonly headers: HeaderList; readonly agreed: Agreement };

/** §9 with its table 2. A peer that does not know the extension is never refused and never made to refresh. */
export function answerRefresh(request: Request, wish: SessionTimerWish): RefreshAnswer {
  const least = Math.max(wish.minSeS, leastIntervalS);
  const supports = supportsTimer(request);
  const asked = readSessionExpires(request.get('Session-Expires') ?? '');
  if (asked !== null && supports && asked.intervalS < least) {
    return { refused: 422, headers: [['Min-SE', writeMinSe(least)]] };
  }
  // The interval may be made shorter, but neither below the peer's Min-SE nor below ours (§9, erratum 1687).
  const floor = Math.max(least, readMinSe(request.get('Min-SE') ?? '') ?? leastIntervalS);
  const intervalS = Math.max(Math.min(asked?.intervalS ?? wish.intervalS, wish.intervalS), floor);
  const theirs = supports && (asked?.refresher ?? (wish.refresher === 'us' ? 'uas' : 'uac')) === 'uac';
  const expires = writeSessionExpires({ intervalS, refresher: theirs ? 'uac' : 'uas' });
  // Require only what the peer has said it knows.
  const headers: HeaderList = supports
    ? [
        ['Require', 'timer'],
        ['Session-Expires', expires],
      ]
    : [['Session-Expires', expires]];
  return { refused: null, headers, agreed: { intervalS, refresher: theirs ? 'them' : 'us' } };
}

/** Whether the message says its sender knows session timers. */
export function supportsTimer(message: Request | Response): boolean {
  const isTimer = (tag: string): boolean => tag.toLowerCase() === 'timer';
  return message.values('Supported').some(isTimer) || message.values('Require').some(isTimer);
}

// --- The machine

/** Plain data: instants in wall-clock milliseconds, so that it outlives a restart. */
export type SessionTimer =
  /** The session does not expire. */
  | { readonly name: 'off' }
  /** We refresh, at the latest at `refreshAt`. */
  | { readonly name: 'refresher'; readonly refreshAt: number; readonly byeAt: number; readonly asks: Asked }
  /** Our refresh is on its way. */
  | { readonly name: 'refreshing'; readonly byeAt: number; readonly asks: Asked }
  /** The peer refreshes; or it has refused ours for good, and may still refresh itself. */
  | { readonly name: 'refreshee'; readonly byeAt: number; readonly asks: Asked }
  | { readonly name: 'terminated' };

/** What happens to the session. */
export type SessionTimerInput =
  /** A 2xx to a session refresh request went out or came in, whosever it was; the INVITE's own included. */
  | { readonly type: 'agreed'; readonly agreed: Agreement; readonly minSeS: number }
  /** Our refresh met another final response. `asks`: what a 422 makes us ask. `retryInMs`: for 491 and Retry-After. */
  | {
      readonly type: 'refused';
      readonly status: number;
      readonly asks: Asked | null;
      readonly retryInMs: number | null;
    }
  /** Our refresh met no answer. */
  | { readonly type: 'timeout' }
  | { readonly type: 'timer'; readonly timer: SessionTimerName }
  /** The session is over. */
  | { readonly type: 'ended' };

/** Its timers: when to refresh, and when to give up. */
export type SessionTimerName = 'refresh' | 'expiry';

/** `refresh`: send a session refresh request that asks so. `bye`: the session has expired, or the peer lost it. */
export type SessionTimerEffect = { readonly type: 'refresh'; readonly asks: Asked } | { readonly type: 'bye' };

/** The next state, and what comes of it. */
export interface SessionTimerStep {
  readonly state: SessionTimer;
  readonly effects: readonly SessionTimerEffect[];
}

/** A state owns its timers: what the next one does not list is disarmed. */
export const timersOf = {
  off: [],
  refresher: ['refresh', 'expiry'],
  refreshing: ['expiry'],
  refreshee: ['expiry'],
  terminated: [],
} as const satisfies Record<SessionTimer['name'], readonly SessionTimerName[]>;

/** When a timer of the state fires; null where it has none of that name. */
export function deadlineOf(state: SessionTimer, timer: SessionTimerName): number | null {
  if (timer === 'refresh') return state.name === 'refresher' ? state.refreshAt : null;
  return 'byeAt' in state ? state.byeAt : null;
}

/** A session that does not expire: where every one begins. */
export const off: SessionTimer = { name: 'off' };

/** What every session refresh request of ours has to ask for while the session may expire (§7.4); null where it does not. */
export function asksOf(state: SessionTimer): Asked | null {
  return 'asks' in state ? state.asks : null;
}

/** Takes one input at a wall-clock instant, in milliseconds. Total: an unexpected one is absorbed. */
export function transition(state: SessionTimer, input: SessionTimerInput, at: number): SessionTimerStep {
  if (state.name === 'terminated') return absorbed(state);
  switch (input.type) {
    case 'agreed':
      return { state: after(input.agreed, input.minSeS, at), effects: [] };
    case 'refused':
      return state.name === 'refreshing' ? refused(state, input, at) : absorbed(state);
    case 'timeout':
      return state.name === 'refreshing' ? over : absorbed(state);
    case 'timer':
      return fired(state, input.timer);
    case 'ended':
      return { state: terminated, effects: [] };
    default:
      return input satisfies never;
  }
}

const terminated: SessionTimer = { name: 'terminated' };
const over: SessionTimerStep = { state: terminated, effects: [{ type: 'bye' }] };

function absorbed(state: SessionTimer): SessionTimerStep {
  return { state, effects: [] };
}

/** §10: the refresh at half the interval, the BYE before its end by 32 s or a third, whichever is less. */
function after(agreed: Agreement, minSeS: number, at: number): SessionTimer {
  if (agreed === null) return off;
  const { intervalS, refresher } = agreed;
  const byeAt = at + Math.round((intervalS - Math.min(32, intervalS / 3)) * 1000);
  const asks = nextAsk(agreed, minSeS);
  if (refresher === 'them') return { name: 'refreshee', byeAt, asks };
  return { name: 'refresher', refreshAt: at + intervalS * 500, byeAt, asks };
}

function fired(state: SessionTimer, timer: SessionTimerName): SessionTimerStep {
  if (deadlineOf(state, timer) === null) return absorbed(state);
  if (timer === 'expiry' || state.name !== 'refresher') return over;
  const { byeAt, asks } = state;
  return { state: { name: 'refreshing', byeAt, asks }, effects: [{ type: 'refresh', asks }] };
}

/** §10: 408 and 481 end the session; a 422 is asked again at once, what names a time then; all else is not repeated. */
function refused(
  { byeAt, asks }: SessionTimer & { name: 'refreshing' },
  input: SessionTimerInput & { type: 'refused' },
  at: number,
): SessionTimerStep {
  if (input.status === 408 || input.status === 481) return over;
  if (input.asks !== null) {
    return {
      state: { name: 'refreshing', byeAt, asks: input.asks },
      effects: [{ type: 'refresh', asks: input.asks }],
    };
  }
  const refreshAt = input.retryInMs === null ? byeAt : at + input.retryInMs;
  if (refreshAt >= byeAt) return { state: { name: 'refreshee', byeAt, asks }, effects: [] };
  return { state: { name: 'refresher', refreshAt, byeAt, asks }, effects: [] };
}
