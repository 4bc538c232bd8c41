// Reads a machine as the figures of the RFCs draw it: one line per arrow, `state + input` and what comes of it. Whatever
// has no line must be absorbed.
import assert from 'node:assert/strict';
import { type Request, Response } from '../../../src/sip/message/message.ts';
import { isFailure, parse } from '../../../src/sip/message/parse.ts';
import type {
  ClientFixed,
  ClientInput,
  Effect,
  ServerFixed,
  ServerInput,
  Step,
} from '../../../src/sip/transaction/step.ts';
import { durationsOf, standardTiming, type TimerName } from '../../../src/sip/transaction/timers.ts';

export function textOf(method: string, { branch = 'z9hG4bK776asdhds', via = 'UDP', cseq = 314159 } = {}): string {
  return [
    `${method} sip:bob@biloxi.example SIP/2.0`,
    `Via: SIP/2.0/${via} pc33.atlanta.example:5060;branch=${branch}`,
    'Max-Forwards: 70',
    'To: Bob <sip:bob@biloxi.example>',
    'From: Alice <sip:alice@atlanta.example>;tag=1928301774',
    'Call-ID: a84b4c76e66710@pc33.atlanta.example',
    `CSeq: ${cseq} ${method}`,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

export function requestOf(method: string, options: Parameters<typeof textOf>[1] = {}): Request {
  const request = parse(textOf(method, options));
  if (isFailure(request) || request instanceof Response) throw new Error(`not a request: ${JSON.stringify(request)}`);
  return request;
}

export function responseTo(method: string, status: number, options: Parameters<typeof textOf>[1] = {}): Response {
  const text = textOf(method, options)
    .replace(/^.*\r\n/, `SIP/2.0 ${status} Phrase\r\n`)
    .replace('biloxi.example>', 'biloxi.example>;tag=a6c85cf');
  const response = parse(text);
  if (!(response instanceof Response)) throw new Error(`not a response: ${JSON.stringify(response)}`);
  return response;
}

export const timerNames: readonly TimerName[] = ['A', 'B', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', '100'];

export function clientFixed(method: string, reliable: boolean): ClientFixed {
  return { text: textOf(method), reliable, durations: durationsOf(standardTiming, reliable), timeoutMs: 32_000 };
}

export function serverFixed(reliable: boolean): ServerFixed {
  return { reliable, durations: durationsOf(standardTiming, reliable) };
}

const refused = new Error('connect ECONNREFUSED');

const timerInputs = timerNames.map((timer) => [timer, { type: 'timer', timer }] as const);

/** Every input of a client machine, by the name it has in the tables. */
export function clientInputs(method: string): ReadonlyMap<string, ClientInput> {
  const responses = [100, 180, 200, 302, 486, 503, 603].map(
    (status) => [String(status), { type: 'response', response: responseTo(method, status) }] as const,
  );
  return new Map<string, ClientInput>([
    // A timer called 100 is no client's: the name stands for the response.
    ...timerInputs.filter(([name]) => name !== '100'),
    ...responses,
    ['cancelled', { type: 'cancelled' }],
    ['failed', { type: 'transport-failed', error: refused }],
  ]);
}

/** Every input of a server machine. The answers of the user are `say 180` and the like. */
export function serverInputs(method: string): ReadonlyMap<string, ServerInput> {
  const commands = [100, 180, 200, 302, 408, 486, 603].map(
    (status) => [`say ${status}`, { type: 'command', status, text: responseTo(method, status).text }] as const,
  );
  return new Map<string, ServerInput>([
    ...timerInputs,
    ...commands,
    ['copy', { type: 'request' }],
    ['ACK', { type: 'ack', request: requestOf('ACK') }],
    ['failed', { type: 'transport-failed', error: refused }],
  ]);
}

/** A step in one line: `completed: send ACK, arm D 32000, tell 486`. */
export function show(step: Step<{ readonly name: string }>): string {
  return [step.state.name, step.effects.map(showEffect).join(', ')].filter((part) => part !== '').join(': ');
}

function showEffect(effect: Effect): string {
  if (effect.type === 'arm') return `arm ${effect.timer} ${effect.ms}`;
  if (effect.type === 'send') return `send ${effect.text.replace(/^SIP\/2\.0 /, '').split(' ')[0]}`;
  const { what } = effect;
  return `tell ${what.type === 'response' ? what.response.status : what.type}`;
}

interface Machine<Fixed, State extends { readonly name: string }, Input> {
  readonly timersOf: Readonly<Record<string, readonly TimerName[]>>;
  readonly transition: (tx: Fixed, state: State, input: Input) => Step<State>;
}

/**
 * Walks states × inputs: each pair in `arrows` gives that line, every other one is absorbed, and no state arms a timer
 * that it does not own.
 */
export function walk<Fixed, State extends { readonly name: string }, Input>(
  machine: Machine<Fixed, State, Input>,
  tx: Fixed,
  states: readonly State[],
  inputs: ReadonlyMap<string, Input>,
  arrows: Readonly<Record<string, string>>,
): void {
  const left = new Set(Object.keys(arrows));
  for (const state of states) {
    for (const [name, input] of inputs) {
      const pair = `${state.name} + ${name}`;
      const step = machine.transition(tx, state, input);
      left.delete(pair);
      assert.equal(show(step), arrows[pair] ?? state.name, pair);
      if (arrows[pair] === undefined) assert.equal(step.state, state, `${pair} is absorbed`);
      for (const effect of step.effects) {
        if (effect.type !== 'arm') continue;
        assert.ok(machine.timersOf[step.state.name]!.includes(effect.timer), `${pair} arms ${effect.timer}`);
      }
    }
  }
  assert.deepEqual([...left], [], 'arrows that begin nowhere');
}
