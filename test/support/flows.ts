// How most scenarios begin and end, so that each shows only what it is about.
import type { Overrides } from './template.ts';
import type { World } from './world.ts';

export const target = 'sip:bob@biloxi.example';

type Parties = Pick<World, 'transferee' | 'app'>;

/** The transferee calls, and it rings. */
export function rings({ transferee, app }: Parties, invite: Overrides = {}): void {
  transferee.sends('INVITE', invite);
  transferee.gets(100);
  transferee.gets(180);
  app.gets('call.initiated', { direction: 'incoming', state: 'parked' });
}

/** … and the application answers. */
export function answers({ transferee, app }: Parties, invite: Overrides = {}): void {
  rings({ transferee, app }, invite);
  app.posts('answer');
  transferee.gets(200);
  transferee.sends('ACK');
  app.gets('call.answered');
}

/** The application refers the call, and the transferee accepts. */
export function refers({ transferee, app }: Parties, command: object = {}): void {
  app.posts('refer', { sip_address: target, ...command });
  transferee.gets('REFER', { 'Refer-To': /^<sip:bob@biloxi\.example/ });
  transferee.sends(202);
  app.gets('call.refer.started', { sip_notify_response: 100, refer_to: /^sip:bob@biloxi\.example/ });
}

/** A NOTIFY of the refer, with the status line as its body; a final one ends the subscription. */
export function notifies({ transferee }: Parties, status: string, overrides: Overrides = {}): void {
  transferee.sends('NOTIFY', { body: `SIP/2.0 ${status}\r\n`, ...overrides });
  transferee.gets(200);
}

/** The transferee ends the call. */
export function hangsUp({ transferee, app }: Parties): void {
  transferee.sends('BYE');
  transferee.gets(200);
  app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' });
}

/** The application ends the call. */
export function isHungUp({ transferee, app }: Parties): void {
  app.posts('hangup');
  transferee.gets('BYE');
  transferee.sends(200);
  app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' });
}

/** Nobody of the peer's ends the call after a success, so we do, when the grace is over. */
export function isReleased({ transferee, app, after }: Parties & Pick<World, 'after'>): void {
  after(1_000);
  transferee.gets('BYE');
  transferee.sends(200);
  app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' });
}
