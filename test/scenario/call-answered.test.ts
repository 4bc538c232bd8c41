// From the 200 to the ACK and what may go wrong between them (RFC 3261 §13.3.1.4, RFC 6026), and the answered call.
import assert from 'node:assert/strict';
import { answers, hangsUp, isHungUp, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('answered, then bye', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200, { body: /m=audio 40000 RTP\/AVP 0 8 101\r\n/, 'Content-Type': 'application/sdp' });
                                         app.getsNothing();
  transferee.sends('ACK');               app.gets('call.answered', { state: 'answered' });
                                         app.reads({ is_alive: true });
  hangsUp(world);
});

scenario('answered with headers and codecs of the application (on the 200, and told again)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer', {
    custom_headers: [{ name: 'X-Account', value: '42' }],
    sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }],
    preferred_codecs: 'PCMA',
    client_state: 'YW5zd2VyZWQ=',
  });
                                         transferee.gets(200, { 'X-Account': '42', 'User-to-User': '3132;encoding=hex', body: /m=audio 40000 RTP\/AVP 8 0 101\r\n/ });
  transferee.sends('ACK');               app.gets('call.answered', { client_state: 'YW5zd2VyZWQ=', custom_headers: [{ name: 'X-Account', value: '42' }, { name: 'User-to-User', value: '3132;encoding=hex' }] });
  app.posts('client_state_update', { client_state: 'bGF0ZXI=' });
                                         app.reads({ client_state: 'bGF0ZXI=' });
  app.posts('hangup', { custom_headers: [{ name: 'X-Why', value: 'done' }] });
                                         transferee.gets('BYE', { 'X-Why': 'done' });
  transferee.sends(200);                 app.gets('call.hangup', { client_state: 'bGF0ZXI=' });
});

scenario('answered, then hangup', (world) => {
  answers(world);
  isHungUp(world);
});

scenario('200 lost', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  transferee.misses(200);
  app.posts('answer');                   transferee.getsNothing();
  after(500);                            transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  after(4_000);                          transferee.getsNothing();
  hangsUp(world);
});

scenario('ack lost', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK', { lost: true });
  after(500);                            transferee.gets(200, { again: true });
  transferee.sends('ACK');               app.gets('call.answered');
  transferee.sends('ACK', { again: true });
                                         app.getsNothing();
  hangsUp(world);
});

scenario('ack never comes (BYE after 64*T1, and call.answered is not told)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  after(32_000);                         transferee.gets('BYE');
  transferee.sends(200, { answers: 'BYE' });
                                         app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'callee' });
});

scenario('cancel crosses 200 (the CANCEL is answered and changes nothing: RFC 3261 §9.2)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer');
  transferee.sends('CANCEL');            transferee.gets(200, { CSeq: '1 INVITE' }); transferee.gets(200, { CSeq: '1 CANCEL' });
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('hangup before ack (the BYE waits for it)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('hangup');
  after(300);                            transferee.getsNothing();
  transferee.sends('ACK');               app.gets('call.answered');
                                         transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('answer reliably rung (the 200 waits for the PRACK of the 180 that carried our offer)', (world) => {
  const { transferee, app, after } = world;
  transferee.sends('INVITE', { Require: '100rel', body: '' });
                                         transferee.gets(100); transferee.gets(180, { RSeq: true, body: /m=audio/ });
                                         app.gets('call.initiated');
  app.posts('answer');
  after(100);                            transferee.getsNothing();
  transferee.sends('PRACK', { body: sdp('192.0.2.10', 49_170, 'sendrecv') });
                                         transferee.gets(200, { CSeq: /PRACK/ }); transferee.gets(200, { CSeq: /INVITE/ });
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('invite without offer (ours is in the 200, the answer in the ACK)', (world) => {
  const { transferee, app } = world;
  rings(world, { body: '' });
  app.posts('answer');                   transferee.gets(200, { body: /m=audio 40000 RTP\/AVP 0 8 101\r\n/ });
  transferee.sends('ACK', { body: sdp('192.0.2.10', 49_170, 'sendrecv') });
                                         app.gets('call.answered');
  hangsUp(world);
});

scenario('held and resumed (re-INVITE, then UPDATE: RFC 3264 §8.4)', (world) => {
  const { transferee } = world;
  answers(world);
  transferee.sends('INVITE', { body: sdp('192.0.2.10', 49_170, 'sendonly') });
                                         transferee.gets(100); transferee.gets(200, { body: /a=recvonly/ });
  transferee.sends('ACK');
  transferee.sends('UPDATE', { body: sdp('192.0.2.10', 49_172, 'sendrecv') });
                                         transferee.gets(200, { CSeq: /UPDATE/, body: /a=sendrecv/ });
  hangsUp(world);
});

scenario('glare (a second re-INVITE before the first is acknowledged: RFC 3261 §14.2)', (world) => {
  const { transferee } = world;
  answers(world);
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(200);
  transferee.sends('ACK');
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(200);
  transferee.sends('ACK');
  hangsUp(world);
});

scenario('within the call (OPTIONS, INFO and what we do not take)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('OPTIONS');           transferee.gets(200, { Allow: /REFER|NOTIFY/ });
  transferee.sends('INFO', { 'Content-Type': 'application/dtmf-relay', body: 'Signal=1\r\n' });
                                         transferee.gets(200); app.gets('call.dtmf.received', { digit: '1' });
  transferee.sends('MESSAGE', { 'Content-Type': 'text/plain', body: 'hello' });
                                         transferee.gets(405, { Allow: true });
  transferee.sends('BYE', { cseq: 1 });  transferee.gets(500, { CSeq: '1 BYE' });
  hangsUp(world);
});

scenario('bye repeated (a lost 200 is said again, the call ends once)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  transferee.misses(200);
  transferee.sends('BYE');               app.gets('call.hangup', { hangup_source: 'caller' });
  after(500);
  transferee.sends('BYE', { again: true });
                                         transferee.gets(200);
                                         app.getsNothing();
  transferee.sends('BYE', { branch: 'z9hG4bK-other' });
                                         transferee.gets(481);
});

scenario('byes cross', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('hangup');                   app.gets('call.hangup', { hangup_source: 'callee' });
  transferee.sends('BYE');               transferee.gets('BYE'); transferee.gets(200);
  transferee.sends(200, { answers: 'BYE' });
                                         app.getsNothing();
});

scenario('no sound (media none: a=inactive and no port)', { settings: { media: 'none' } }, (world) => {
  const { transferee, app, does } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200, { body: /m=audio 9 RTP\/AVP 0 8 101\r\n[\s\S]*a=inactive\r\n/ });
  transferee.sends('ACK');               app.gets('call.answered');
  does('no port is bound', ({ media }) => assert.equal(media.ports.size, 0));
  hangsUp(world);
});

scenario('two calls (each with its own dialog, and its own end)', (world) => {
  const { transferee, app, peer } = world;
  const bob = peer('bob');
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered', { from: 'sip:alice@atlanta.example', to: '+13125550100' });
  bob.sends('INVITE');                   bob.gets(100); bob.gets(180);
                                         app.gets('call.initiated', { from: 'sip:bob@chicago.example' });
  app.posts('answer');                   bob.gets(200);
  bob.sends('ACK');                      app.gets('call.answered', { from: 'sip:bob@chicago.example' });
  hangsUp(world);
  bob.sends('BYE');                      bob.gets(200);
                                         app.gets('call.hangup', { from: 'sip:bob@chicago.example', hangup_source: 'caller' });
});

scenario('client state (set by PUT, replaced, told in every webhook after it)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('client_state_update', { client_state: 'Zmlyc3Q=' });
                                         app.reads({ client_state: 'Zmlyc3Q=' });
  app.posts('answer', { client_state: 'c2Vjb25k' });
                                         transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered', { client_state: 'c2Vjb25k' });
  app.posts('client_state_update', { client_state: 'not base64!' }, { status: 422, code: '10015', pointer: '/client_state' });
  app.posts('client_state_update', {}, { status: 422, code: '10004', pointer: '/client_state' });
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', { client_state: 'c2Vjb25k' });
});

scenario('killed before its 180 has left (the caller, who has heard 100, hears it ring after the start)', (world) => {
  const { transferee, app } = world;
  transferee.misses(180);
  transferee.sends('INVITE');            transferee.gets(100); app.gets('call.initiated');
  world.restarts();                      transferee.gets(180);
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});
