// INFO and PRACK of ours that a peer challenges (RFC 3261 §22.2): once more, with what was given for the call.
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { World } from '../support/world.ts';

const demands = (nonce: string) => ({ 'Proxy-Authenticate': `Digest realm="pbx", nonce="${nonce}", qop="auth"` });
const json = (body: string) => ({ content_type: 'application/json', body });

function answered({ app, transferee }: World, credentials: object = { sip_auth_username: 'carol', sip_auth_password: 'x' }): void {
  app.dials(credentials);                transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
}

function isOver({ app, transferee }: World): void {
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
}

scenario('info challenged (it goes once more as it was, and the next one unasked)', (world) => {
  const { transferee, app } = world;
  answered(world);
  app.posts('send_sip_info', json('{"a":"é"}'));
                                         transferee.gets('INFO', { 'Proxy-Authorization': null });
  transferee.sends(407, demands('n1'));  transferee.gets('INFO', { CSeq: '3 INFO', body: Buffer.from('{"a":"é"}').toString('latin1'), 'Content-Type': 'application/json', 'Proxy-Authorization': /username="carol"[\s\S]*nc=00000001/ });
  transferee.sends(200);
  app.posts('send_sip_info', json('{}'));
                                         transferee.gets('INFO', { body: '{}', 'Proxy-Authorization': /nc=00000002/ });
  transferee.sends(200);
  isOver(world);
});

scenario('info challenged twice (the second one is a refusal)', (world) => {
  const { transferee, app } = world;
  answered(world);
  app.posts('send_sip_info', json('{}'));
                                         transferee.gets('INFO');
  transferee.sends(407, demands('n1'));  transferee.gets('INFO', { 'Proxy-Authorization': /nonce="n1"/ });
  transferee.sends(407, demands('n2'));  transferee.getsNothing();
  isOver(world);
});

scenario('info challenged without a password (dropped: the call goes on)', (world) => {
  const { transferee, app } = world;
  answered(world, {});
  app.posts('send_sip_info', json('{}'));
                                         transferee.gets('INFO');
  transferee.sends(407, demands('n1'));  transferee.getsNothing();
  isOver(world);
});

const reliably = { Require: '100rel', RSeq: '1', Contact: '<sip:alice@192.0.2.10:5060>' };

scenario('prack challenged (it goes once more, for the same 183)', (world) => {
  const { transferee, app } = world;
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(183, { ...reliably, body: sdp('192.0.2.10', 49_170, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         transferee.gets('PRACK', { RAck: '1 1 INVITE', CSeq: '2 PRACK', 'Proxy-Authorization': null });
  transferee.sends(407, { answers: 'PRACK', body: '', ...demands('n1') });
                                         transferee.gets('PRACK', { RAck: '1 1 INVITE', CSeq: '3 PRACK', 'Proxy-Authorization': /username="carol"/ });
  transferee.sends(407, { answers: 'PRACK', body: '', ...demands('n2') });
                                         transferee.getsNothing();
  transferee.sends(200, { answers: 'INVITE', body: '', 'Content-Type': null });
                                         transferee.gets('ACK'); app.gets('call.answered');
  isOver(world);
});

scenario('prack challenged when the call is answered already (nobody waits for it)', (world) => {
  const { transferee, app } = world;
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(183, { ...reliably, body: sdp('192.0.2.10', 49_170, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         transferee.gets('PRACK');
  transferee.sends(200, { answers: 'INVITE', body: '', 'Content-Type': null });
                                         transferee.gets('ACK'); app.gets('call.answered');
  transferee.sends(407, { answers: 'PRACK', body: '', ...demands('n1') });
                                         transferee.getsNothing();
  isOver(world);
});
