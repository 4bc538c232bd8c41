// Reads `on_failure` of a refer: each step as the refer or the transfer it is, with every fault under the step's own pointer.
// What a REFER leaves out is as in the command. Leaves out what other calls and trunks have to say to it (engine.ts).
import type { Refusal } from '../errors.ts';
import type { Bodies, ReferStepBody } from './commands.ts';
import { type Attended, type Read, readCommand } from './reading.ts';
import type { Fallback } from './refer.ts';
import type { ReferSettings } from './routing.ts';

interface Context {
  readonly settings: ReferSettings;
  /** The call whose place a step gives away. */
  readonly attended: (body: Bodies['refer']) => Attended | Refusal | null;
  /** Why nobody can be dialled like this. */
  readonly obstacles: (body: Bodies['transfer']) => readonly Refusal[];
  /** Whether the settings and the application let this URI be called. */
  readonly mayCall: (target: string) => boolean;
}

/** A refer and all it falls back on: every fault of any step at once. */
export function readReferWithSteps(body: Bodies['refer'], context: Context): Read {
  const attended = context.attended(body);
  if (attended !== null && 'name' in attended) return { refusals: [attended] };
  const read = readAllowed(body, context, attended);
  const known = 'refusals' in read ? read.refusals : [];
  const steps = (body.on_failure ?? []).map((step) => readStep(body, step, context, known));
  const refusals = steps.flatMap((step, index) =>
    'refusals' in step ? step.refusals.map((refusal) => within(refusal, `/on_failure/${index}`)) : [],
  );
  if ('refusals' in read || refusals.length > 0) return { refusals: [...known, ...refusals] };
  const command = read.command as typeof read.command & { name: 'refer' };
  const { holds = false } = command.order;
  return { command: { ...command, fallbacks: steps.filter(isFallback).map((step) => holding(step, holds)) } };
}

/** A refer to a call that is there already, and no other address, calls nobody that was not called before. */
function readAllowed(body: Bodies['refer'], { settings, mayCall }: Context, attended: Attended | null): Read {
  const read = readCommand('refer', body, settings, attended);
  if ('refusals' in read || read.command.name !== 'refer' || body.sip_address === undefined) return read;
  if (mayCall(read.command.order.referTo)) return read;
  return { refusals: [{ name: 'target-refused', pointer: '/sip_address' }] };
}

type ReadStep = Fallback | { readonly refusals: readonly Refusal[] };

/** Hold is of the command as a whole, whatever a step says. */
function holding(step: Fallback, holds: boolean): Fallback {
  return step.type === 'transfer' ? step : { ...step, order: { ...step.order, holds } };
}

const isFallback = (step: ReadStep): step is Fallback => !('refusals' in step);

const within = (refusal: Refusal, path: string): Refusal => ({
  ...refusal,
  pointer: `${path}${refusal.pointer ?? ''}`,
});

function readStep(
  body: Bodies['refer'],
  { transfer, ...own }: ReferStepBody,
  context: Context,
  known: readonly Refusal[],
): ReadStep {
  if (transfer === undefined) return readRefer({ ...inherited(body), ...own }, own, context, known);
  if (Object.keys(own).some((field) => /^(?:sip|refer|replaces|custom)_/.test(field)))
    return { refusals: [{ name: 'invalid-value', detail: eitherOr }] };
  const refusals = context.obstacles(transfer).map((refusal) => within(refusal, '/transfer'));
  return refusals.length > 0 ? { refusals } : { type: 'transfer', body: transfer };
}

const eitherOr = 'A step is either a refer or a `transfer`: it cannot have fields of both.';

/** All but what says who is meant, and what is of the command as a whole. */
function inherited({
  sip_address: _address,
  replaces_call_control_id: _replaces,
  client_state: _state,
  command_id: _id,
  on_failure: _steps,
  ...rest
}: Bodies['refer']): Bodies['refer'] {
  return rest;
}

/** A fault that the step has from the command is the command's. */
function readRefer(body: Bodies['refer'], own: object, context: Context, known: readonly Refusal[]): ReadStep {
  const attended = context.attended(body);
  if (attended !== null && 'name' in attended) return { refusals: [attended] };
  const read = readAllowed(body, context, attended);
  if ('refusals' in read) {
    const isOwn = (pointer = '') => pointer === '/sip_address' || (pointer.split('/')[1] ?? '') in own;
    const isNew = ({ pointer }: Refusal) => isOwn(pointer) || !known.some((refusal) => refusal.pointer === pointer);
    return { refusals: read.refusals.filter(isNew) };
  }
  const { order, timeoutMs, credentials } = read.command as typeof read.command & { name: 'refer' };
  return { type: 'refer', order, timeoutMs, credentials };
}
