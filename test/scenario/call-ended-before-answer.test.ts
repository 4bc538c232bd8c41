// An inbound call that ends before it is answered: by the caller, by the application, by time.
import { rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('cancel (the caller gives up)', (world) => {
  const { transferee, app } = world;
  rings(world);
  transferee.sends('CANCEL');            transferee.gets(200, { CSeq: '1 CANCEL' }); transferee.gets(487, { CSeq: '1 INVITE' });
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'originator_cancel', hangup_source: 'caller', sip_hangup_cause: '487' });
  app.posts('answer', {}, { status: 422, code: '90018' });
});

scenario('cancel of nothing (481)', (world) => {
  const { transferee, app } = world;
  rings(world);
  transferee.sends('CANCEL', { Via: 'SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-unknown' });
                                         transferee.gets(481);
                                         app.getsNothing();
  app.posts('reject', { cause: 'USER_BUSY' });
                                         transferee.gets(486);
  transferee.sends('ACK');               app.gets('call.hangup');
});

scenario('bye in the early dialog (a caller may end it so: RFC 3261 §15)', (world) => {
  const { transferee, app } = world;
  rings(world);
  transferee.sends('BYE');               transferee.gets(200, { CSeq: /BYE/ }); transferee.gets(487, { CSeq: /INVITE/ });
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_source: 'caller', sip_hangup_cause: '487' });
});

scenario('reject', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('reject', { cause: 'CALL_REJECTED' });
                                         transferee.gets(603);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'call_rejected', hangup_source: 'callee', sip_hangup_cause: '603' });
});

scenario('reject after a restart, refusal lost (a caller that rings repeats no INVITE: we repeat the refusal)', (world) => {
  const { transferee, app, after, restarts } = world;
  rings(world);
  restarts();                            app.getsNothing();
  app.posts('reject', { cause: 'USER_BUSY' });
                                         transferee.gets(486);
                                         app.gets('call.hangup', { hangup_cause: 'user_busy' });
  after(500);                            transferee.gets(486, { again: true });
  after(1_000);                          transferee.gets(486, { again: true });
  transferee.sends('ACK');
  after(4_000);                          app.getsNothing();
});

scenario('reject busy, ack lost (the refusal is repeated until it comes)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('reject', { cause: 'USER_BUSY' });
                                         transferee.gets(486);
                                         app.gets('call.hangup', { hangup_cause: 'user_busy', hangup_source: 'callee', sip_hangup_cause: '486' });
  transferee.sends('ACK', { lost: true });
  after(1_000);                          transferee.gets(486, { again: true });
  transferee.sends('ACK');
  after(500);                            transferee.getsNothing();
});

scenario('hangup while ringing', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('hangup');                   transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'call_rejected', hangup_source: 'callee', sip_hangup_cause: '480' });
});

scenario('prack never comes (504 after 64*T1: RFC 3262 §3)', (world) => {
  const { transferee, app, after } = world;
  transferee.sends('INVITE', { Require: '100rel' });
                                         transferee.gets(100); transferee.gets(180, { Require: '100rel' });
                                         app.gets('call.initiated');
  after(31_999);                         app.getsNothing();
  after(1);                              transferee.gets(504);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_source: 'callee', sip_hangup_cause: '504' });
});

scenario('invite without common codec (488, and nobody is told)', ({ transferee, app }) => {
  transferee.sends('INVITE', { body: 'v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n' });
                                         transferee.gets(100); transferee.gets(488);
  transferee.sends('ACK');               app.getsNothing();
});

scenario('invite requires what we have not (420)', ({ transferee, app }) => {
  transferee.sends('INVITE', { Require: 'replaces, foo' });
                                         transferee.gets(420, { Unsupported: /replaces, *foo|foo/ });
  transferee.sends('ACK');               app.getsNothing();
});

scenario('invite lost answers (a lost 180 comes again with the INVITE)', (world) => {
  const { transferee, app, after } = world;
  transferee.misses(180);
  transferee.sends('INVITE');            transferee.gets(100);
                                         app.gets('call.initiated');
  after(500);
  transferee.sends('INVITE', { again: true });
                                         transferee.gets(180);
                                         app.getsNothing();
  app.posts('hangup');                   transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup');
});

scenario('invite without contact (no REFER could ever reach its caller: 400)', ({ transferee, app }) => {
  transferee.sends('INVITE', { Contact: null });
                                         transferee.gets(100); transferee.gets(400);
  transferee.sends('ACK');               app.getsNothing();
});
