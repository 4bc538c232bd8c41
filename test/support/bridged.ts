// Two calls that are joined, and how most scenarios of a bridge begin and end: alice has called, bob was dialled.
import { answers } from './flows.ts';
import { sdp } from './template.ts';
import type { Peer, World } from './world.ts';

export const alice = '192.0.2.10';

export const bob = '192.0.2.20';

export const carol = '192.0.2.30';

/** What alice's phone says of itself, and bob's: an address and a port that nobody else has. */
export const ofAlice = sdp(alice, 6_000, 'sendrecv');

export const ofBob = sdp(bob, 7_000, 'sendrecv');

export const ours = (port: number) =>
  new RegExp(`^v=0\\r\\no=- \\d+ 2 IN IP4 192\\.0\\.2\\.1\\r\\n[\\s\\S]*m=audio ${port} `);

export const noOffer = { body: '' };

/** The id of a call that is made while the script is played. */
export const idOf = ({ app }: World, call: number): string => app.idOf(call);

/** Alice has called and was answered; bob was dialled and has answered. */
export function bothAreUp(world: World): Peer {
  const { app, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.dials({ to: `sip:bob@${bob}` });
  callee.gets('INVITE');
  app.gets('call.initiated');
  callee.sends(200);
  callee.gets('ACK');
  app.gets('call.answered');
  return callee;
}

/** The application joins them: alice is asked, bob is offered what she says, and his answer is hers. */
export function areBridged(world: World, body: object = {}): Peer {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1), ...body }, { call: 0 });
  transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
  callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: ofBob });
  callee.gets('ACK', { body: '' });
  transferee.gets('ACK', { body: ours(7_000) });
  app.gets('call.bridged', {}, { call: 1 });
  app.gets('call.bridged', {}, { call: 0 });
  return callee;
}

export function endsWith(world: World, callee: Peer): void {
  const { app, transferee } = world;
  transferee.sends('BYE');
  transferee.gets(200);
  callee.gets('BYE');
  app.gets('call.hangup', { hangup_source: 'caller' }, { call: 0 });
  app.gets('call.hangup', { hangup_source: 'caller' }, { call: 1 });
  callee.sends(200);
}

/** One half asks for a change, and what the other answers to it comes back. */
export function changes(
  from: Peer,
  to: Peer,
  offered: { says: string; direction: string },
  answer: { says: string; direction: string },
): void {
  const says = (direction: string) => ({ body: new RegExp(`a=${direction}\r\n`) });
  from.sends('INVITE', { body: offered.says });
  from.gets(100);
  to.gets('INVITE', says(offered.direction));
  to.sends(200, { body: answer.says });
  to.gets('ACK');
  from.gets(200, says(answer.direction));
  from.sends('ACK');
}

const said = (host: string, port: number) => (direction: string) => ({ says: sdp(host, port, direction), direction });

export const aliceSays = said(alice, 6_000);

export const bobSays = said(bob, 7_000);
