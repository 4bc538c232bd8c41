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
  offered: { ...asking, phase: { name: 'offered', request, cseq: 7, offer: 'v=0', until: at + 20 } },
  'sent, another is wanted': { ...waiting, phase: { name: 'sent', request, cseq: 7, offered: null }, next: relay },
  waiting,
  sent: { ...waiting, phase: { name: 'sent', request, cseq: 7, offered: null } },
  retrying: { ...waiting, retried: true, phase: { name: 'retrying', at: at + 10 } },
  proceeding: { ...waiting, phase: { name: 'proceeding', request, cseq: 7, offered: null } },
  cancelling: { ...waiting, phase: { name: 'cancelling', request, cseq: 7, offered: null } },
  'relayed, waiting': begin(relay),
  'relayed, sent': { ...begin(relay), phase: { name: 'sent', request, cseq: 7, offered: null } },
  'relayed, proceeding': { ...begin(relay), phase: { name: 'proceeding', request, cseq: 7, offered: null } },
  'relayed, retrying': { ...begin(relay), retried: true, phase: { name: 'retrying', at: at + 10 } },
  'withdrawn, sent': { ...begin(relay), isWithdrawn: true, phase: { name: 'sent', request, cseq: 7, offered: null } },
  'moved, sent': {
    ...begin({ ...relay, isFinal: true }),
    phase: { name: 'sent', request, cseq: 7, offered: null },
  },
  'an UPDATE is sent': {
    ...waiting,
    phase: { name: 'sent', request: { ...request, method: 'UPDATE' }, cseq: 7, offered: null },
  },
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
  unsayable: { type: 'unsayable' },
  withdrawn: { type: 'withdrawn' },
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
  'asking + 200': 'offered until 24000: offered',
  'asking + 407 with an answer': 'sent: authenticate',
  'asking + 407 without': 'over: refused 407',
  'asking + 488': 'over: refused 488',
  'asking + 491': 'retrying until 500',
  'asking + timeout': 'over: refused 408',
  'asking + transport failed': 'over: refused 503',
  'offered + another is wanted': 'offered until 20, then relay',
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
  'asking + 183': 'proceeding until 32000',
  'asking + unsayable': 'over: refused 488',
  'offered + timer': 'offered until 20: overdue',
  'sent, another is wanted + 183': 'proceeding until 32000, then relay',
  'sent, another is wanted + unsayable': 'waiting: refused 488, send',
  'sent, another is wanted + withdrawn': 'sent',
  'waiting + unsayable': 'over: refused 488',
  'sent + 183': 'proceeding until 32000',
  'sent + unsayable': 'over: refused 488',
  'proceeding + 200': 'over: accepted',
  'proceeding + 488': 'over: refused 488',
  'proceeding + 491': 'retrying until 500',
  'proceeding + another is wanted': 'proceeding until 32000, then relay',
  'proceeding + unsayable': 'over: refused 488',
  'proceeding + sent': 'sent',
  'proceeding + 407 with an answer': 'proceeding until 32000: authenticate',
  'proceeding + 407 without': 'over: refused 407',
  'proceeding + timeout': 'over: refused 408',
  'proceeding + transport failed': 'over: refused 503',
  'proceeding + timer': 'cancelling until 32000: cancel',
  'cancelling + 200': 'over: accepted',
  'cancelling + 488': 'over: refused 488',
  'cancelling + 491': 'over: refused 491',
  'cancelling + another is wanted': 'cancelling until 32000, then relay',
  'cancelling + unsayable': 'over: refused 488',
  'cancelling + sent': 'sent',
  'cancelling + 407 with an answer': 'over: refused 407',
  'cancelling + 407 without': 'over: refused 407',
  'cancelling + timeout': 'over: refused 408',
  'cancelling + transport failed': 'over: refused 503',
  'cancelling + timer': 'over: refused 408',
  'relayed, waiting + another is wanted': 'waiting',
  'relayed, waiting + unblocked': 'waiting: send',
  'relayed, waiting + unsayable': 'over: refused 488',
  'relayed, waiting + withdrawn': 'over',
  'relayed, waiting + sent': 'sent',
  'relayed, sent + 183': 'proceeding until 32000',
  'relayed, sent + 200': 'over: accepted',
  'relayed, sent + 488': 'over: refused 488',
  'relayed, sent + 491': 'retrying until 500',
  'relayed, sent + another is wanted': 'sent, then relay',
  'relayed, sent + unsayable': 'over: refused 488',
  'relayed, sent + withdrawn': 'sent',
  'relayed, sent + sent': 'sent',
  'relayed, sent + 407 with an answer': 'sent: authenticate',
  'relayed, sent + 407 without': 'over: refused 407',
  'relayed, sent + timeout': 'over: refused 408',
  'relayed, sent + transport failed': 'over: refused 503',
  'relayed, proceeding + 200': 'over: accepted',
  'relayed, proceeding + 488': 'over: refused 488',
  'relayed, proceeding + 491': 'retrying until 500',
  'relayed, proceeding + another is wanted': 'proceeding until 32000, then relay',
  'relayed, proceeding + unsayable': 'over: refused 488',
  'relayed, proceeding + withdrawn': 'cancelling until 32000: cancel',
  'relayed, proceeding + sent': 'sent',
  'relayed, proceeding + 407 with an answer': 'proceeding until 32000: authenticate',
  'relayed, proceeding + 407 without': 'over: refused 407',
  'relayed, proceeding + timeout': 'over: refused 408',
  'relayed, proceeding + transport failed': 'over: refused 503',
  'relayed, proceeding + timer': 'cancelling until 32000: cancel',
  'relayed, retrying + another is wanted': 'retrying until 10, then relay',
  'relayed, retrying + withdrawn': 'over',
  'relayed, retrying + sent': 'sent',
  'relayed, retrying + timer': 'waiting: send',
  'withdrawn, sent + 183': 'cancelling until 32000: cancel',
  'withdrawn, sent + 200': 'over: accepted',
  'withdrawn, sent + 488': 'over: refused 488',
  'withdrawn, sent + 491': 'over: refused 491',
  'withdrawn, sent + another is wanted': 'sent, then relay',
  'withdrawn, sent + unsayable': 'over: refused 488',
  'withdrawn, sent + withdrawn': 'sent',
  'withdrawn, sent + sent': 'sent',
  'withdrawn, sent + 407 with an answer': 'over: refused 407',
  'withdrawn, sent + 407 without': 'over: refused 407',
  'withdrawn, sent + timeout': 'over: refused 408',
  'withdrawn, sent + transport failed': 'over: refused 503',
  'moved, sent + 183': 'proceeding until 32000',
  'moved, sent + 200': 'over: accepted',
  'moved, sent + 488': 'over: refused 488',
  'moved, sent + 491': 'retrying until 500',
  'moved, sent + another is wanted': 'sent, then relay',
  'moved, sent + unsayable': 'over: refused 488',
  'moved, sent + sent': 'sent',
  'moved, sent + 407 with an answer': 'sent: authenticate',
  'moved, sent + 407 without': 'over: refused 407',
  'moved, sent + timeout': 'over: refused 408',
  'moved, sent + transport failed': 'over: refused 503',
  'an UPDATE is sent + 200': 'over: accepted',
  'an UPDATE is sent + 488': 'over: refused 488',
  'an UPDATE is sent + 491': 'retrying until 500',
  'an UPDATE is sent + another is wanted': 'sent, then relay',
  'an UPDATE is sent + unsayable': 'over: refused 488',
  'an UPDATE is sent + sent': 'sent',
  'an UPDATE is sent + 407 with an answer': 'sent: authenticate',
  'an UPDATE is sent + 407 without': 'over: refused 407',
  'an UPDATE is sent + timeout': 'over: refused 408',
  'an UPDATE is sent + transport failed': 'over: refused 503',
  'sent again + 183': 'proceeding until 32000',
  'sent again + unsayable': 'over: refused 488',
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
