// What the operator does: with each event that it hears, and for a desk that asks.
import Telnyx from 'telnyx';
import { carriedBy, carrying, type State } from './state.ts';

export interface Webhook {
  readonly data: {
    id: string;
    event_type: string;
    payload: { call_control_id: string; client_state: string | null; to: string; hangup_cause?: string };
  };
}

/** Which application a second agent is called for, and from which number. */
export interface Desk {
  readonly connection_id: string;
  readonly from: string;
}

type ReferParams = Parameters<Telnyx['calls']['actions']['refer']>[1];

export class Operator {
  readonly #client: Telnyx;
  readonly #desk: Desk;

  constructor(client: Telnyx, desk: Desk) {
    this.#client = client;
    this.#desk = desk;
  }

  async hear({ data: { id, event_type: type, payload } }: Webhook): Promise<unknown> {
    const { actions } = this.#client.calls;
    const { call_control_id: call, to } = payload;
    const state = carriedBy(payload.client_state);
    // An event may come twice: as the command's id, its own makes sure that nothing is done twice.
    const once = { command_id: id };
    switch (type) {
      case 'call.initiated':
        if (state?.part === 'consultation') {
          return this.#agentHas({ caller: state.caller, consultation: call }, state.agent);
        }
        return actions.answer(call, {
          ...once,
          ...carrying({ part: to.startsWith('sip:agents@') ? 'agent' : 'caller' }),
        });
      case 'call.answered':
        if (state?.part === 'consultation') return this.#consulted(call, state, id);
        return actions.enqueue(call, { ...once, queue_name: state?.part === 'agent' ? 'agents' : 'callers' });
      case 'call.enqueued':
      case 'call.bridged':
        return this.#pair();
      case 'call.refer.failed':
        if (state?.part === 'caller' && state.agent) return this.#giveBack(call, state.agent);
        return;
      case 'call.hangup':
        if (state?.part === 'caller') return this.#callerLeft(state);
        if (state?.part === 'agent') return this.#agentLeft(state);
        if (state?.part === 'consultation') return this.#consultationEnded(state);
    }
  }

  /** The desk asks for a second agent. Until that one answers, the first goes on talking to the caller. */
  async consult(agent: string, to: string): Promise<unknown> {
    const { caller } = await this.#callsOf(agent);
    const state = carrying({ part: 'consultation', agent, caller });
    return this.#client.calls.dial({ ...this.#desk, to, ...state });
  }

  async back(agent: string): Promise<unknown> {
    const { consultation = '' } = await this.#callsOf(agent);
    return this.#client.calls.actions.hangup(consultation, {});
  }

  /** The caller's phone calls that of the second agent, and takes the place that our call with it has. */
  async complete(agent: string): Promise<unknown> {
    const { caller, consultation } = await this.#callsOf(agent);
    const state = carrying({ part: 'caller', agent, isLeaving: true });
    // Where that phone is, is known by our call with it. The types of the client want an address, and know of no such field.
    const params = { replaces_call_control_id: consultation, ...state };
    return this.#client.calls.actions.refer(caller, params as Partial<ReferParams> as ReferParams);
  }

  /** Who has waited longest, of both sides. Two events may find the same two: then the second bridge is refused. */
  async #pair(): Promise<void> {
    const [caller, agent] = await Promise.all([this.#firstOf('callers'), this.#firstOf('agents')]);
    if (!caller || !agent) return;
    await this.#join(caller, agent, { prevent_double_bridge: true });
    await this.#agentHas({ caller }, agent);
  }

  /** `self` is the call that the command is for: the caller stays when the agent is joined to somebody else. */
  #join(caller: string, agent: string, more: { prevent_double_bridge?: true } = {}): Promise<unknown> {
    return this.#client.calls.actions.bridge(caller, {
      call_control_id_to_bridge_with: agent,
      park_after_unbridge: 'self',
      ...carrying({ part: 'caller', agent }),
      ...more,
    });
  }

  #agentHas(calls: { caller: string; consultation?: string }, agent: string): Promise<unknown> {
    return this.#client.calls.actions.updateClientState(agent, carrying({ part: 'agent', ...calls }));
  }

  /** The second agent has answered, and the first one leaves the caller for that, who is on hold. */
  #consulted(call: string, { agent, caller }: State & { part: 'consultation' }, id: string): Promise<unknown> {
    return this.#client.calls.actions.bridge(agent, {
      command_id: id,
      call_control_id_to_bridge_with: call,
      park_after_unbridge: 'self',
      ...carrying({ part: 'agent', caller, consultation: call, isAsking: true }),
    });
  }

  async #consultationEnded({ agent, caller }: State & { part: 'consultation' }): Promise<unknown> {
    const [{ state: first }, { state: left }] = await Promise.all([this.#look(caller), this.#look(agent)]);
    // Its phone has the caller, perhaps: what became of the transfer will be told.
    if (first?.part === 'caller' && first.isLeaving) return;
    if (left?.part === 'agent' && left.isAsking) return this.#giveBack(caller, agent);
    // One who was busy has not parted the two.
    return this.#agentHas({ caller }, agent);
  }

  /** A caller who was on hold is with the agent again, or waits for the next one. */
  async #giveBack(caller: string, agent: string): Promise<unknown> {
    if (!(await this.#look(caller)).isAlive) return this.#client.calls.actions.hangup(agent, {});
    if (!(await this.#look(agent)).isAlive) return this.#waitsAgain(caller);
    await this.#agentHas({ caller }, agent);
    return this.#join(caller, agent);
  }

  #waitsAgain(caller: string): Promise<unknown> {
    return this.#client.calls.actions.enqueue(caller, { queue_name: 'callers', ...carrying({ part: 'caller' }) });
  }

  /** A caller who was transferred needs no agent any more. Any other one leaves whom it was joined to as it goes. */
  async #callerLeft({ agent, isLeaving }: State & { part: 'caller' }): Promise<unknown> {
    return isLeaving && agent && this.#client.calls.actions.hangup(agent, {});
  }

  async #agentLeft({ caller, consultation }: State & { part: 'agent' }): Promise<unknown> {
    if (!caller) return;
    const { isAlive, state } = await this.#look(caller);
    if (!isAlive || (state?.part === 'caller' && state.isLeaving)) return;
    if (!consultation) return this.#client.calls.actions.hangup(caller, {});
    await this.#waitsAgain(caller);
    return this.#client.calls.actions.hangup(consultation, {});
  }

  async #callsOf(agent: string): Promise<{ caller: string; consultation?: string }> {
    const { state } = await this.#look(agent);
    if (state?.part !== 'agent' || !state.caller) throw new Error('This agent has no caller.');
    return { ...state, caller: state.caller };
  }

  async #look(call: string): Promise<{ isAlive: boolean; state: State | null }> {
    const { data } = await this.#client.calls.retrieveStatus(call);
    return { isAlive: data?.is_alive ?? false, state: carriedBy(data?.client_state) };
  }

  /** A queue is made by the first call that enters it. */
  #firstOf(queue: string): Promise<string | undefined> {
    return this.#client.queues.calls.list(queue, { 'page[size]': 1 }).then(
      ({ data }) => data[0]?.call_control_id,
      (error) => (error instanceof Telnyx.NotFoundError ? undefined : Promise.reject(error)),
    );
  }
}
