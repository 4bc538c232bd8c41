// The call's machine as a figure: a sample of each phase and of each variant that decides otherwise, and every input by
// name. The test walks it, and docs/machines.md is drawn from it.

import type { CallTimer, Step } from '../../src/call/state.ts';
import { active, answerText, Line, offerText, originOf, shown, target, videoOnly } from './support.ts';

const reliably = { headers: { Supported: '100rel' } };
const offerless = { body: '' };
const offeredByUs = { headers: { Require: '100rel' }, body: '', identity: { rtpPort: 40_000 } };

function then(line: Line, ...steps: readonly ((line: Line) => unknown)[]): Line {
  for (const step of steps) step(line);
  return line;
}

const refers = (line: Line) => line.refer();
const refersOnHold = (line: Line) => line.refer({ hold_on_refer: true });
const isHeld = (line: Line) => line.respond(200);
const otherwise = [{ sip_address: target }, { transfer: { to: '+13125550199' } }];
const refersInSteps = (line: Line) => line.refer({ on_failure: otherwise });
const isRefused = (line: Line) => line.respond(603);
const isDialled = (line: Line) =>
  line.take({
    type: 'command',
    command: { name: 'transfer', callee: 'v3:target', clientState: null, isStep: true },
    rtpPort: null,
  });
const isAccepted = (line: Line) => line.respond(202);
const succeeds = (line: Line) => line.notify(200);
const leaves = (line: Line) => line.request('BYE');
const answers = (line: Line) => line.answer();
const hangsUp = (line: Line) => line.command('hangup', {});
const isReinvited = (line: Line) => line.request('INVITE', { body: offerText });
const isRefreshed = (line: Line) => line.timer('session-refresh');
const isAskedToRefer = (line: Line) => line.request('REFER', { headers: { 'Refer-To': `<${target}>` } });
const dials = (line: Line) => line.command('send_dtmf', { digits: '12' });
const fails491 = (line: Line) => line.respond(491);

/** Makes a fresh sample at each call. */
export const samples: Readonly<Record<string, () => Line>> = {
  dialing: () => Line.dialled(),
  'dialing, it rings': () => then(Line.dialled(), (line) => line.respond(180)),
  'ended by us, the CANCEL is out': () => then(Line.dialled(), (line) => line.respond(180), hangsUp),
  'ended by us, the CANCEL waits': () => then(Line.dialled(), hangsUp),
  'active, dialled': () => then(Line.dialled(), (line) => line.respond(200)),
  ringing: () => new Line(),
  'ringing, a command is due': () => new Line({ identity: { firstCommandTimeoutMs: 30_000 } }),
  'ringing, the 180 not acknowledged': () => new Line(reliably),
  'ringing, the 180 with our offer': () => new Line(offeredByUs),
  'ringing, the answer waits for the PRACK': () => then(new Line(offeredByUs), answers),
  'ringing, a REFER waits for the PRACK': () => then(new Line(reliably), refers),
  'ringing, a REFER is out': () => then(new Line(), refers),
  'ringing, referred': () => then(new Line(), refers, isAccepted, succeeds),
  answered: () => then(new Line(), answers),
  'answered, with our offer': () => then(new Line(offerless), answers),
  'answered, before the PRACK': () => then(new Line(reliably), answers),
  'answered, a REFER waits for the ACK': () => then(new Line(), answers, refers),
  'answered, a BYE waits for the ACK': () => then(new Line(), answers, hangsUp),
  'answered, referred while it rang': () => then(new Line(), refers, answers, isAccepted, succeeds),
  active: () => active(),
  'active, its place was taken': () =>
    then(active(), (line) =>
      line.take({ type: 'signal', from: 'v3:other', signal: { type: 'yield', graceMs: 1_000 } }),
    ),
  'active, a re-INVITE not acknowledged': () => then(active(), isReinvited),
  'active, a REFER waits for the ACK of a re-INVITE': () => then(active(), isReinvited, refers),
  'active, a REFER is out': () => then(active(), refers),
  'active, a REFER is sent again later': () => then(active(), refers, fails491),
  'active, a refer is accepted': () => then(active(), refers, isAccepted),
  'active, referred': () => then(active(), refers, isAccepted, succeeds),
  'active, after a refer that failed': () => then(active(), refers, (line) => line.respond(603)),
  'active, an UPDATE refreshes the session': () => then(active({ headers: { Allow: 'UPDATE' } }), isRefreshed),
  'active, a re-INVITE refreshes the session': () => then(active(), isRefreshed),
  'active, a re-INVITE is sent again later': () => then(active(), isRefreshed, fails491),
  'active, a REFER waits for our re-INVITE': () => then(active(), isRefreshed, refers),
  'active, a REFER waits for the hold': () => then(active(), refersOnHold),
  'active, on hold, a REFER is out': () => then(active(), refersOnHold, isHeld),
  'active, on hold, referred': () => then(active(), refersOnHold, isHeld, isAccepted, succeeds),
  'active, the hold is being undone': () => then(active(), refersOnHold, isHeld, (line) => line.respond(603)),
  'active, the first step of a refer is out': () => then(active(), refersInSteps),
  'active, the second step of a refer is out': () => then(active(), refersInSteps, isRefused),
  'active, a call is to be dialled instead': () => then(active(), refersInSteps, isRefused, isRefused),
  'active, a call is dialled instead': () => then(active(), refersInSteps, isRefused, isRefused, isDialled),
  'active, the peer has sent a REFER': () => then(active(), isAskedToRefer),
  'active, the peer has transferred': () => then(active(), isAskedToRefer, (line) => line.take(progress(200))),
  'active, refreshed': () => then(active(), isRefreshed, (line) => line.respond(200)),
  'active, in a queue': () =>
    then(active(), (line) => line.command('enqueue', { queue_name: 'support', max_wait_time_secs: 60 })),
  'active, an INFO is out': () =>
    then(active(), (line) => line.command('send_sip_info', { content_type: 'text/plain', body: 'x' })),
  'active, a digit is out': () => then(active(), dials),
  'active, between two digits': () => then(active(), dials, (line) => line.respond(200)),
  'leaving, the REFER is out': () => then(active(), refers, leaves),
  'leaving, the refer is accepted': () => then(active(), refers, isAccepted, leaves),
  'leaving, cancelled': () => then(new Line(), refers, (line) => line.cancel()),
  'ended by the peer': () => then(active(), leaves),
  'ended by us, our re-INVITE is out': () => then(active(), isRefreshed, hangsUp),
  'ended by us, the BYE is out': () => then(active(), hangsUp),
  'ended by us, the BYE is answered': () => then(active(), hangsUp, (line) => line.respond(200)),
  'ended by a refusal': () => then(new Line(), (line) => line.command('reject', { cause: 'USER_BUSY' })),
};

const progress = (status: number) => ({ type: 'signal', from: 'v3:target', signal: { type: 'progress', status } });

const timers: readonly CallTimer[] = [
  ...(['ring-again', 'prack', 'invite-expires', 'ack', 'reinvite-ack', 'leave', 'referral'] as const),
  ...(['dial-timeout', 'give-up', 'settle', 'time-limit'] as const),
  ...(['session-refresh', 'session-expiry', 'modification', 'queue-timeout', 'digits', 'first-command'] as const),
  ...(['refer-deadline', 'refer-first-notify', 'refer-retry', 'refer-grace', 'yield'] as const),
];

/** What a sample can be given, by name. Each gives the step it led to. */
export const inputs: Readonly<Record<string, (line: Line) => Step>> = {
  'INVITE, a copy': (line) => line.take({ ...line.asks('INVITE'), ...copyOf(line) }),
  CANCEL: (line) => line.cancel(),
  BYE: (line) => line.request('BYE'),
  'INVITE with an offer': (line) => line.request('INVITE', { body: offerText }),
  'INVITE without an offer': (line) => line.request('INVITE'),
  'INVITE without a codec of ours': (line) => line.request('INVITE', { body: videoOnly }),
  UPDATE: (line) => line.request('UPDATE'),
  'UPDATE with an offer': (line) => line.request('UPDATE', { body: offerText }),
  PRACK: (line) => line.prack(),
  'PRACK with an answer': (line) => line.prack({ body: answerText }),
  'PRACK of another response': (line) => line.prack({ headers: { RAck: '7 1 INVITE' } }),
  INFO: (line) => line.request('INFO'),
  'INFO with a digit': (line) => line.request('INFO', { headers: { 'Content-Type': 'application/dtmf' }, body: '5' }),
  'INFO with another body': (line) => line.request('INFO', { headers: { 'Content-Type': 'text/plain' }, body: 'x' }),
  'INFO of a package': (line) => line.request('INFO', { headers: { 'Info-Package': 'x' }, body: 'x' }),
  OPTIONS: (line) => line.request('OPTIONS'),
  'a method we do not have': (line) => line.request('MESSAGE'),
  'a request out of order': (line) => line.request('INFO', { cseq: 0, branch: 'z9hG4bK-late' }),
  REFER: (line) => line.request('REFER', { headers: { 'Refer-To': `<${target}>` } }),
  'the target rings': (line) => line.take(progress(180)),
  'the target answers': (line) => line.take(progress(200)),
  'NOTIFY 100': (line) => line.notify(100),
  'NOTIFY 200': (line) => line.notify(200),
  'NOTIFY 486': (line) => line.notify(486),
  'NOTIFY of another refer': (line) => line.notify(200, { Event: 'refer;id=99' }),
  'NOTIFY of another package': (line) => line.notify(null, { Event: 'presence' }),
  'NOTIFY without Event': (line) => line.notify(200, { Event: null }),
  ACK: (line) => line.ack(),
  'ACK with an answer': (line) => line.ack({ body: answerText }),
  'ACK of another INVITE': (line) => line.ack({ cseq: 99 }),
  '100 to our request': (line) => line.respond(100),
  '180 to our request': (line) => line.respond(180),
  '200 to our request': (line) => line.respond(200),
  '481 to our request': (line) => line.respond(481),
  '491 to our request': (line) => line.respond(491),
  '603 to our request': (line) => line.respond(603),
  '200 to no request': (line) => line.respond(200, {}, 'z9hG4bK-nobody'),
  'Timer F': (line) => line.take({ type: 'timeout', branch: line.out }),
  'transport failed': (line) => line.take({ type: 'failed', branch: line.out }),
  ...Object.fromEntries(timers.map((timer) => [timer, (line: Line) => line.timer(timer)])),
  'another call was answered first': (line) =>
    line.take({ type: 'signal', from: 'v3:other', signal: { type: 'outrun' } }),
  'replaced by another call': (line) => line.take({ type: 'signal', from: 'v3:other', signal: { type: 'replaced' } }),
  'its place was taken': (line) =>
    line.take({ type: 'signal', from: 'v3:other', signal: { type: 'yield', graceMs: 1_000 } }),
  resumed: (line) => line.take({ type: 'resumed' }),
  answer: (line) => line.answer(),
  reject: (line) => line.command('reject', { cause: 'CALL_REJECTED' }),
  hangup: (line) => line.command('hangup', {}),
  refer: (line) => line.refer(),
  'refer, on hold': (line) => line.refer({ sip_address: target, hold_on_refer: true }),
  'refer in steps': (line) => line.refer({ on_failure: otherwise }),
  'dialled instead': isDialled,
  'none could be dialled': (line) =>
    line.take({ type: 'signal', from: 'v3:call', signal: { type: 'undialled', status: 404 } }),
  'the target is busy': (line) => line.take(progress(486)),
  'the other call is gone': (line) => line.take({ type: 'signal', from: 'v3:target', signal: { type: 'left' } }),
  'refer, redirect': (line) => line.refer({ sip_address: target, refer_before_answer: 'redirect' }),
  'refer, refuse': (line) => line.refer({ sip_address: target, refer_before_answer: 'refuse' }),
  send_sip_info: (line) => line.command('send_sip_info', { content_type: 'text/plain', body: 'x' }),
  send_dtmf: dials,
  enqueue: (line) => line.command('enqueue', { queue_name: 'support', max_wait_time_secs: 60 }),
  leave_queue: (line) => line.command('leave_queue', {}),
  client_state_update: (line) => line.command('client_state_update', { client_state: 'eA==' }),
};

function copyOf({ invite, call }: Line): object {
  const { key, replyTo } = call.invite ?? originOf(invite);
  const origin = { key, from: call.dialog.flow, replyTo };
  return { request: invite, origin };
}

/** Phase and variant of a call in a word: what the phase's own data and its refer say. */
export function stateOf({ phase, refer }: Line['call']): string {
  return refer === null || phase.name === 'ended' ? phase.name : `${phase.name}, refer ${refer.phase.name}`;
}

/** A step in one line: `active: stop repeating, call.answered`; a refused command by its refusal. */
export function show(step: Step): string {
  if (step.refusals.length > 0) return `refused: ${step.refusals.map(({ name }) => name).join(', ')}`;
  return [stateOf(step.call), shown(step.effects).join(', ')].filter((part) => part !== '').join(': ');
}
