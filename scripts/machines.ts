// docs/machines.md: each machine drawn by asking it. Every sample of a state is given every input, and what it says is
// written down; the samples and inputs are those the tests walk.
import { timersOf as callTimers, deadlinesOf } from '../src/call/call.ts';
import { deadlineOf, transition as refer, timersOf as referTimers } from '../src/call/refer.ts';
import * as inviteUsage from '../src/sip/dialog/invite-client-state.ts';
import { transition as inviteStep } from '../src/sip/dialog/invite-client-usage.ts';
import { timersOf as serverTimers } from '../src/sip/dialog/invite-server-usage.ts';
import * as sessionTimer from '../src/sip/dialog/session-timer.ts';
import * as subscription from '../src/sip/dialog/subscription.ts';
import * as inviteClient from '../src/sip/transaction/invite-client.ts';
import * as inviteServer from '../src/sip/transaction/invite-server.ts';
import * as nonInviteClient from '../src/sip/transaction/non-invite-client.ts';
import * as nonInviteServer from '../src/sip/transaction/non-invite-server.ts';
import type { Step } from '../src/sip/transaction/step.ts';
import * as callFigure from '../test/call/call-figure.ts';
import * as referFigure from '../test/call/refer-figure.ts';
import { inputs as subscriptionInputs } from '../test/sip/dialog/figure.ts';
import * as inviteFigure from '../test/sip/dialog/invite-client-figure.ts';
import * as serverFigure from '../test/sip/dialog/invite-server-figure.ts';
import * as timerFigure from '../test/sip/dialog/session-timer-figure.ts';
import * as figure from '../test/sip/transaction/figure.ts';
import { code, page, rows } from './markdown.ts';

/** What a state makes of an input, in a line: `completed: send 486`; null when the input is absorbed. */
type Take = (input: string) => string | null;

interface State {
  readonly name: string;
  readonly timers: readonly string[];
  readonly take: Take;
}

interface Machine {
  readonly title: string;
  readonly about: string;
  readonly inputs: readonly string[];
  readonly states: readonly State[];
}

export function machines(): string {
  return page(
    'Machines',
    'What each machine makes of each input in each state, as it says itself.',
    `A state owns its timers: what the next state does not list is stopped. An input that is absorbed changes nothing and
has no effect. \`N\` is the status of the input, \`it\` the request that came in.`,
    ...[...transactions, inviting, invited, refreshing, subscriber, refers, calls].map(draw),
  );
}

function draw({ title, about, inputs, states }: Machine): string {
  const body = states.flatMap(({ name, timers, take }) =>
    grouped(inputs, take).map(([line, group], index) => [
      index === 0 ? `**${name}**` : '',
      index === 0 ? timers.join(', ') : '',
      group.join(' · '),
      line ?? '*absorbed*',
    ]),
  );
  return `## ${title}\n\n${about}\n\n${rows(['State', 'Timers', 'Input', 'Becomes: effects'], body)}`;
}

/** Inputs that come to the same share a row; the absorbed ones come last. */
function grouped(inputs: readonly string[], take: Take): (readonly [line: string | null, inputs: readonly string[]])[] {
  const groups = new Map<string | null, string[]>();
  for (const input of inputs) {
    const line = take(input);
    const key = line === null ? null : inGeneral(input, line);
    groups.set(key, [...(groups.get(key) ?? []), input]);
  }
  return [...groups].sort(([a], [b]) => Number(a === null) - Number(b === null));
}

/** The status and the method of the input are `N` and `it`, so that inputs of one kind come to the same. */
function inGeneral(input: string, line: string): string {
  const status = /\b\d{3}\b/.exec(input)?.[0];
  const method = /^[A-Z]+/.exec(input)?.[0];
  const general = method === undefined ? line : line.replaceAll(` to ${method}`, ' to it');
  return status === undefined ? general : general.replaceAll(new RegExp(`\\b${status}\\b(?! to )`, 'g'), 'N');
}

/** The line of a step, or null when it is where it was and does nothing. */
function unless(absorbed: boolean, line: string): string | null {
  return absorbed ? null : line;
}

interface Transaction<Fixed, Named extends { readonly name: string }, Input> {
  readonly timersOf: Readonly<Record<string, readonly string[]>>;
  readonly transition: (tx: Fixed, state: Named, input: Input) => Step<Named>;
}

function transaction<Fixed, Named extends { readonly name: string }, Input>(
  title: string,
  file: string,
  { timersOf, transition }: Transaction<Fixed, Named, Input>,
  tx: Fixed,
  inputs: ReadonlyMap<string, Input>,
  states: readonly Named[],
): Machine {
  return {
    title,
    about: `${code(`src/sip/transaction/${file}`)}, over an unreliable transport.`,
    inputs: [...inputs.keys()],
    states: states.map((state) => ({
      name: state.name,
      timers: timersOf[state.name] ?? [],
      take: (input) => {
        const step = transition(tx, state, inputs.get(input)!);
        return unless(step.state === state && step.effects.length === 0, figure.show(step));
      },
    })),
  };
}

const { clientFixed, clientInputs, requestOf, responseTo, serverFixed, serverInputs, textOf } = figure;

const transactions: readonly Machine[] = [
  transaction(
    'INVITE client transaction',
    'invite-client.ts',
    inviteClient,
    clientFixed('INVITE', false),
    clientInputs('INVITE'),
    [
      { name: 'calling', resendInMs: 500 },
      { name: 'proceeding' },
      { name: 'cancelling' },
      { name: 'accepted' },
      { name: 'completed', ack: textOf('ACK') },
      { name: 'terminated' },
    ],
  ),
  transaction(
    'INVITE server transaction',
    'invite-server.ts',
    inviteServer,
    serverFixed(false),
    serverInputs('INVITE'),
    [
      { name: 'proceeding', last: responseTo('INVITE', 180).text },
      { name: 'accepted' },
      { name: 'completed', last: responseTo('INVITE', 486).text, resendInMs: 500 },
      { name: 'confirmed' },
      { name: 'terminated' },
    ],
  ),
  transaction(
    'Non-INVITE client transaction',
    'non-invite-client.ts',
    nonInviteClient,
    clientFixed('REFER', false),
    clientInputs('REFER'),
    [{ name: 'trying', resendInMs: 500 }, { name: 'proceeding' }, { name: 'completed' }, { name: 'terminated' }],
  ),
  transaction(
    'Non-INVITE server transaction',
    'non-invite-server.ts',
    nonInviteServer,
    serverFixed(false),
    serverInputs('NOTIFY'),
    [
      { name: 'trying', request: requestOf('NOTIFY') },
      { name: 'proceeding', last: responseTo('NOTIFY', 100).text },
      { name: 'completed', last: responseTo('NOTIFY', 200).text },
      { name: 'terminated' },
    ],
  ),
];

const inviting: Machine = {
  title: 'INVITE client usage',
  about: `${code('src/sip/dialog/invite-client-usage.ts')}: an INVITE we sent, to the forks ${code('a')} and ${code('b')}.`,
  inputs: Object.keys(inviteFigure.inputs),
  states: Object.entries(inviteFigure.samples).map(([name, usage]) => ({
    name,
    timers: inviteUsage.timersOf[usage.state.name],
    take: (input) => {
      const step = inviteStep(inviteFigure.fixed, usage, inviteFigure.inputs[input]!, inviteFigure.at);
      return unless(step.usage === usage && step.effects.length === 0, inviteFigure.show(step));
    },
  })),
};

const invited: Machine = {
  title: 'INVITE server usage',
  about: `${code('src/sip/dialog/invite-server-usage.ts')}: an INVITE we got, as the user agent of ${code('switchhook/sip')} has it.`,
  inputs: Object.keys(serverFigure.inputs),
  states: serverFigure.samples.map((state) => ({
    name: state.name,
    timers: serverTimers[state.name],
    take: (input) => serverFigure.line(state, input),
  })),
};

const refreshing: Machine = {
  title: 'Session timer',
  about: `${code('src/sip/dialog/session-timer.ts')}. The numbers are the seconds until the refresh and the BYE.`,
  inputs: Object.keys(timerFigure.inputs),
  states: Object.entries(timerFigure.states).map(([name, state]) => ({
    name,
    timers: sessionTimer.timersOf[state.name],
    take: (input) => {
      const step = sessionTimer.transition(state, timerFigure.inputs[input]!, timerFigure.at);
      return unless(step.state === state && step.effects.length === 0, timerFigure.show(step));
    },
  })),
};

const subscriber: Machine = {
  title: 'Subscription',
  about: `${code('src/sip/dialog/subscription.ts')}: that of a refer, seen from the subscriber.`,
  inputs: Object.keys(subscriptionInputs),
  states: (Object.keys(subscription.timersOf) as (keyof typeof subscription.timersOf)[]).map((name) => ({
    name,
    timers: subscription.timersOf[name],
    take: (input) => {
      const next = subscription.transition({ name }, subscriptionInputs[input]!);
      return unless(next.name === name, next.name);
    },
  })),
};

const refers: Machine = {
  title: 'Refer',
  about: `${code('src/call/refer.ts')}. A NOTIFY is active unless it says terminated.`,
  inputs: Object.keys(referFigure.inputs),
  states: Object.entries(referFigure.states).map(([name, state]) => ({
    name,
    timers: referTimers[state.phase.name].filter((timer) => deadlineOf(state, timer) !== null),
    take: (input) => {
      const step = refer(state, referFigure.inputs[input]!, 4_000);
      return unless(step.refer.phase === state.phase && step.effects.length === 0, referFigure.show(step));
    },
  })),
};

const calls: Machine = {
  title: 'Call',
  about: `${code('src/call/call.ts')}. The timers are those that run in the sample; a phase owns, whatever it waits for,
${Object.entries(callTimers)
  .map(([phase, timers]) => `${code(phase)}: ${timers.join(', ') || 'none'}`)
  .join('; ')}.`,
  inputs: Object.keys(callFigure.inputs),
  states: Object.entries(callFigure.samples).map(([name, make]) => ({
    name,
    timers: deadlinesOf(make().call).map(([timer]) => timer),
    take: (input) => {
      const line = make();
      const before = line.call;
      const step = callFigure.inputs[input]!(line);
      const absorbed = step.call === before && step.effects.length === 0 && step.refusals.length === 0;
      return unless(absorbed, callFigure.show(step));
    },
  })),
};
