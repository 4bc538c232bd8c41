// The machine of a change we ask for in a session: each phase under each input, in a line.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  begin,
  deadlineOf,
  type Modification,
  type ModificationInput,
  type ModificationStep,
  transition,
} from '../../src/call/modification.ts';
import type { OwedRequest } from '../../src/call/state.ts';

const at = 1_000_000;
const request: OwedRequest = {
  branch: 'z9hG4bK-1',
  method: 'INVITE',
  text: 'INVITE …',
  target: { transport: 'udp', host: '192.0.2.10', port: 5060 },
  until: at + 32_000,
};
const waiting = begin({ name: 'refresh' });

const asking = begin({ name: 'ask' });
const relay = { name: 'relay', of: 'v3:1', described: 'v=0', isFinal: false } as const;

const phases: Readonly<Record<string, Modification>> = {
  asking: { ...asking, phase: { name: 'sent', request, cseq: 7, offered: null } },
  offered: { ...asking, phase: { name: 'offered', request, cseq: 7, offer: 'v=0' } },
  'sent, another is wanted': { ...waiting, phase: { name: 'sent', request, cseq: 7, offered: null }, next: relay },
  waiting,
  sent: { ...waiting, phase: { name: 'sent', request, cseq: 7, offered: null } },
  retrying: { ...waiting, retried: true, phase: { name: 'retrying', at: at + 10 } },
  'sent again': { ...waiting, retried: true, phase: { name: 'sent', request, cseq: 8, offered: null } },
};

const response = (status: number, canAuthenticate = false): ModificationInput => ({
  type: 'response',
  status,
  sdp: status < 300 ? 'v=0' : null,
  canAuthenticate,
  retryDelayMs: 500,
});

const inputs: Readonly<Record<string, ModificationInput>> = {
  'a refresh is wanted': { type: 'wanted', wish: { name: 'refresh' } },
  'another is wanted': { type: 'wanted', wish: relay },
  answered: { type: 'answered' },
  unblocked: { type: 'unblocked' },
  sent: { type: 'sent', request, cseq: 9, offered: null },
  '183': response(183),
  '200': response(200),
  '407 with an answer': response(407, true),
  '407 without': response(407),
  '488': response(488),
  '491': response(491),
  timeout: { type: 'timeout' },
  'transport failed': { type: 'transport-failed' },
  timer: { type: 'timer' },
};

/** What is not listed is absorbed. */
const table: Readonly<Record<string, string>> = {
  'asking + another is wanted': 'sent, then relay',
  'asking + sent': 'sent',
  'asking + 200': 'offered: offered',
  'asking + 407 with an answer': 'sent: authenticate',
  'asking + 407 without': 'over: refused 407',
  'asking + 488': 'over: refused 488',
  'asking + 491': 'retrying until 500',
  'asking + timeout': 'over: refused 408',
  'asking + transport failed': 'over: refused 503',
  'offered + another is wanted': 'offered, then relay',
  'offered + answered': 'over',
  'offered + sent': 'sent',
  'sent, another is wanted + another is wanted': 'sent, then relay',
  'sent, another is wanted + sent': 'sent, then relay',
  'sent, another is wanted + 200': 'waiting: accepted, send',
  'sent, another is wanted + 407 with an answer': 'sent, then relay: authenticate',
  'sent, another is wanted + 407 without': 'waiting: refused 407, send',
  'sent, another is wanted + 488': 'waiting: refused 488, send',
  'sent, another is wanted + 491': 'retrying until 500, then relay',
  'sent, another is wanted + timeout': 'waiting: refused 408, send',
  'sent, another is wanted + transport failed': 'waiting: refused 503, send',
  'waiting + another is wanted': 'waiting',
  'sent + another is wanted': 'sent, then relay',
  'retrying + another is wanted': 'retrying until 10, then relay',
  'sent again + another is wanted': 'sent, then relay',
  'waiting + unblocked': 'waiting: send',
  'waiting + sent': 'sent',
  'sent + sent': 'sent',
  'sent + 200': 'over: accepted',
  'sent + 407 with an answer': 'sent: authenticate',
  'sent + 407 without': 'over: refused 407',
  'sent + 488': 'over: refused 488',
  'sent + 491': 'retrying until 500',
  'sent + timeout': 'over: refused 408',
  'sent + transport failed': 'over: refused 503',
  'retrying + sent': 'sent',
  'retrying + timer': 'waiting: send',
  'sent again + sent': 'sent',
  'sent again + 200': 'over: accepted',
  'sent again + 407 with an answer': 'sent: authenticate',
  'sent again + 407 without': 'over: refused 407',
  'sent again + 488': 'over: refused 488',
  // RFC 3261 §14.1 has one more attempt, not a fight.
  'sent again + 491': 'over: refused 491',
  'sent again + timeout': 'over: refused 408',
  'sent again + transport failed': 'over: refused 503',
};

function show({ modification, effects }: ModificationStep): string {
  const until = modification && deadlineOf(modification);
  const name = modification === null ? 'over' : modification.phase.name;
  const said = effects.map((effect) => (effect.type === 'refused' ? `refused ${effect.status}` : effect.type));
  const next = modification?.next ? `, then ${modification.next.name}` : '';
  return `${name}${until === null ? '' : ` until ${until - at}`}${next}${said.length > 0 ? `: ${said.join(', ')}` : ''}`;
}

suite('a change of the session that we ask for', () => {
  for (const [phase, modification] of Object.entries(phases)) {
    for (const [name, input] of Object.entries(inputs)) {
      const pair = `${phase} + ${name}`;
      test(`${pair}: ${table[pair] ?? 'absorbed'}`, () => {
        const step = transition(modification, input, at);
        if (table[pair] === undefined) assert.deepEqual(step, { modification, effects: [] });
        else assert.equal(show(step), table[pair]);
      });
    }
  }
});
