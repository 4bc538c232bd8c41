// What holds for all four machines, whatever comes in whatever order: each is total, arms only what its state owns, ends,
// and then does nothing more. The arrows themselves are in the test of each machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as inviteClient from '../../../src/sip/transaction/invite-client.ts';
import * as inviteServer from '../../../src/sip/transaction/invite-server.ts';
import * as nonInviteClient from '../../../src/sip/transaction/non-invite-client.ts';
import * as nonInviteServer from '../../../src/sip/transaction/non-invite-server.ts';
import type { Step } from '../../../src/sip/transaction/step.ts';
import type { TimerName } from '../../../src/sip/transaction/timers.ts';
import { clientFixed, clientInputs, requestOf, serverFixed, serverInputs } from './figure.ts';

interface Subject {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly timersOf: Readonly<Record<string, readonly TimerName[]>>;
  /** A new transaction: gives its first step, then one step for each name of an input. */
  readonly begin: (reliable: boolean) => { first: Step<Named>; take: (input: string) => Step<Named> };
}

interface Named {
  readonly name: string;
}

function subject<Fixed, State extends Named, Input>(
  name: string,
  timersOf: Subject['timersOf'],
  transition: (tx: Fixed, state: State, input: Input) => Step<State>,
  inputs: ReadonlyMap<string, Input>,
  open: (reliable: boolean) => { tx: Fixed; first: Step<State> },
): Subject {
  const begin: Subject['begin'] = (reliable) => {
    const { tx, first } = open(reliable);
    let { state } = first;
    const take = (input: string): Step<Named> => {
      const step = transition(tx, state, inputs.get(input)!);
      state = step.state;
      return step;
    };
    return { first, take };
  };
  return { name, inputs: [...inputs.keys()], timersOf, begin };
}

const subjects: readonly Subject[] = [
  subject('INVITE client', inviteClient.timersOf, inviteClient.transition, clientInputs('INVITE'), (reliable) => {
    const tx = clientFixed('INVITE', reliable);
    return { tx, first: inviteClient.start(tx) };
  }),
  subject(
    'non-INVITE client',
    nonInviteClient.timersOf,
    nonInviteClient.transition,
    clientInputs('REFER'),
    (reliable) => {
      const tx = clientFixed('REFER', reliable);
      return { tx, first: nonInviteClient.start(tx) };
    },
  ),
  subject('INVITE server', inviteServer.timersOf, inviteServer.transition, serverInputs('INVITE'), (reliable) => {
    return { tx: serverFixed(reliable), first: inviteServer.start(requestOf('INVITE'), false) };
  }),
  subject(
    'non-INVITE server',
    nonInviteServer.timersOf,
    nonInviteServer.transition,
    serverInputs('NOTIFY'),
    (reliable) => {
      const tx = serverFixed(reliable);
      return { tx, first: nonInviteServer.start(tx, requestOf('NOTIFY')) };
    },
  ),
];

/** States that wait for somebody who has all the time in the world: a phone that rings, at either end. */
const patient: ReadonlySet<string> = new Set(['INVITE client proceeding', 'INVITE server proceeding']);

/** What the driver does with a step: disarms what the state does not own, then arms. */
function rearm(armed: Set<TimerName>, owned: readonly TimerName[], step: Step<Named>): void {
  for (const timer of armed) if (!owned.includes(timer)) armed.delete(timer);
  for (const effect of step.effects) if (effect.type === 'arm') armed.add(effect.timer);
}

for (const { name, inputs, timersOf, begin } of subjects) {
  test(`${name}: any inputs in any order keep its timers its own, and leave none in terminated`, () => {
    const script = fc.array(fc.constantFrom(...inputs), { maxLength: 40 });
    fc.assert(
      fc.property(fc.boolean(), script, (reliable, names) => {
        const { first, take } = begin(reliable);
        const armed = new Set<TimerName>();
        rearm(armed, timersOf[first.state.name]!, first);
        for (const input of names) {
          armed.delete(input as TimerName);
          const step = take(input);
          const owned = timersOf[step.state.name];
          assert.ok(owned, `${step.state.name} is a state of the ${name} transaction`);
          rearm(armed, owned, step);
          for (const timer of armed) assert.ok(owned.includes(timer), `${timer} in ${step.state.name}`);
          if (step.state.name === 'terminated') assert.equal(armed.size, 0);
        }
      }),
    );
  });

  test(`${name}: time alone ends it, unless somebody may take all the time there is`, () => {
    const script = fc.array(fc.constantFrom(...inputs), { maxLength: 10 });
    fc.assert(
      fc.property(fc.boolean(), script, (reliable, names) => {
        const { first, take } = begin(reliable);
        const armed = new Set<TimerName>();
        let last = first;
        rearm(armed, timersOf[first.state.name]!, first);
        for (const input of names) {
          armed.delete(input as TimerName);
          last = take(input);
          rearm(armed, timersOf[last.state.name]!, last);
        }
        // The timers that repeat go last, or they would for ever go first.
        for (let fired = 0; fired < 5 && armed.size > 0; fired += 1) {
          const next = [...armed].find((timer) => !['A', 'E', 'G'].includes(timer)) ?? [...armed][0]!;
          armed.delete(next);
          last = take(next);
          rearm(armed, timersOf[last.state.name]!, last);
        }
        if (!patient.has(`${name} ${last.state.name}`)) assert.equal(last.state.name, 'terminated');
      }),
    );
  });

  test(`${name}: once terminated it does nothing more`, () => {
    const { take } = begin(true);
    for (const input of ['say 486', 'ACK', '486', '200', 'M', 'K']) if (inputs.includes(input)) take(input);
    for (const input of inputs) assert.deepEqual(take(input), { state: { name: 'terminated' }, effects: [] }, input);
  });
}
