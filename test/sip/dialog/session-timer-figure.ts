// The samples of states and inputs of the session timer's machine, by the names they have in tables; and a step in a line.
import type {
  Asked,
  SessionTimer,
  SessionTimerInput,
  SessionTimerStep,
} from '../../../src/sip/dialog/session-timer.ts';

export const at = 1_000_000;
const byeAt = at + 600_000;
export const asks: Asked = { intervalS: 1800, minSeS: 90, refresher: 'us' };

export const states: Readonly<Record<SessionTimer['name'], SessionTimer>> = {
  off: { name: 'off' },
  refresher: { name: 'refresher', refreshAt: at + 300_000, byeAt, asks },
  refreshing: { name: 'refreshing', byeAt, asks },
  refreshee: { name: 'refreshee', byeAt, asks },
  terminated: { name: 'terminated' },
};

const refused = (status: number, more: Partial<SessionTimerInput & { type: 'refused' }> = {}): SessionTimerInput => ({
  type: 'refused',
  status,
  asks: null,
  retryInMs: null,
  ...more,
});

export const inputs: Readonly<Record<string, SessionTimerInput>> = {
  'agreed: us, 1800 s': { type: 'agreed', agreed: { intervalS: 1800, refresher: 'us' }, minSeS: 90 },
  'agreed: them, 90 s': { type: 'agreed', agreed: { intervalS: 90, refresher: 'them' }, minSeS: 90 },
  'agreed: none': { type: 'agreed', agreed: null, minSeS: 90 },
  '408': refused(408),
  '481': refused(481),
  '422 with Min-SE': refused(422, { asks: { ...asks, intervalS: 3600, minSeS: 3600 } }),
  '422 without': refused(422),
  '491': refused(491, { retryInMs: 2100 }),
  '503 after expiry': refused(503, { retryInMs: 3_600_000 }),
  '500': refused(500),
  timeout: { type: 'timeout' },
  refresh: { type: 'timer', timer: 'refresh' },
  expiry: { type: 'timer', timer: 'expiry' },
  ended: { type: 'ended' },
};

/** `refresher 900/1768: refresh 1800`: the seconds until each timer, then the effects. */
export function show({ state, effects }: SessionTimerStep): string {
  const seconds = (instant: number): number => (instant - at) / 1000;
  const timers =
    state.name === 'refresher'
      ? ` ${seconds(state.refreshAt)}/${seconds(state.byeAt)}`
      : 'byeAt' in state
        ? ` ${seconds(state.byeAt)}`
        : '';
  const shown = effects.map((effect) =>
    effect.type === 'bye' ? 'BYE' : `refresh ${effect.asks.intervalS}, Min-SE ${effect.asks.minSeS}`,
  );
  return [state.name + timers, ...shown].join(': ');
}
