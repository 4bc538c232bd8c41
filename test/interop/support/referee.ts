// A user agent on the SIP stack alone that is called, answers, and follows a REFER: it calls the target and reports by
// NOTIFY (RFC 3515 §2.4.4). For one call.
import {
  type Call,
  openSystem,
  readAddress,
  sdp,
  type Trace,
  type Transport,
  UserAgent,
} from '../../../src/sip/index.ts';
import type { Scope } from './scope.ts';

const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'sendrecv' } as const;

export class Referee {
  readonly #agent: UserAgent;
  /** The call to the target. */
  #target: Call | null = null;

  private constructor(transports: readonly Transport[], trace: Trace) {
    this.#agent = new UserAgent({
      system: openSystem(),
      transports,
      trace,
      name: 'referee',
      allow: ['REFER', 'NOTIFY'],
      invited: (invite) => {
        const answer = sdp.answer(invite.request.body, silent);
        if (typeof answer === 'string') return invite.refuse(488);
        const call = invite.accept({
          sdp: answer.sdp,
          user: ({ request, respond }) => {
            if (request.method !== 'REFER') return respond(200);
            respond(202);
            void this.#follow(call, readAddress(request.get('Refer-To') ?? '')?.uri ?? '');
          },
        });
      },
    });
  }

  /** It is called over the first of these. */
  static async open(scope: Scope, transports: readonly Transport[], trace: Trace): Promise<Referee> {
    const referee = new Referee(transports, trace);
    await referee.#agent.listen();
    scope.after(() => referee.#agent.close());
    return referee;
  }

  /** Hangs up on the target. */
  async leaves(): Promise<void> {
    await this.#target?.bye();
  }

  async #follow(call: Call | null, target: string): Promise<void> {
    await notify(call, 'SIP/2.0 100 Trying', 'active;expires=60');
    const { status, response, call: answered } = await this.#agent.invite(target, { sdp: sdp.offer(silent) });
    this.#target = answered;
    await notify(call, `SIP/2.0 ${status} ${response?.reason ?? 'Nobody'}`, 'terminated;reason=noresource');
  }
}

async function notify(call: Call | null, sipfrag: string, state: string): Promise<void> {
  const headers = [
    ['Event', 'refer'],
    ['Subscription-State', state],
    ['Content-Type', 'message/sipfrag;version=2.0'],
  ] as const;
  await call?.request('NOTIFY', { headers, body: `${sipfrag}\r\n` });
}
