// Digits that the application sends by SIP INFO: one request a digit, in order, each when the one before is answered and its
// tone is over; what becomes of them when the peer refuses one, leaves, or the server is killed.
import { application } from '../support/application.ts';
import { answers, hangsUp, isHungUp, rings, target } from '../support/flows.ts';
import { killedAnywhere, scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const byInfo = { settings: { applications: [application({ dtmfType: 'SIP INFO' })] } } as const;

const digit = (signal: string, ms = 250) => ({
  'Content-Type': 'application/dtmf-relay',
  body: `Signal=${signal}\r\nDuration=${ms}\r\n`,
});

/** The peer gets a digit and takes it. */
function takes({ transferee }: World, signal: string, ms?: number): void {
  transferee.gets('INFO', digit(signal, ms));
  transferee.sends(200);
}

scenario('digits sent (each when the one before was answered and its tone is over)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1*D' });
                                         transferee.gets('INFO', digit('1'));
  after(300);                            transferee.getsNothing();
  transferee.sends(200);                 transferee.gets('INFO', digit('*'));
  transferee.sends(200);
  after(249);                            transferee.getsNothing();
  after(1);                              takes(world, 'D');
                                         app.getsNothing();
  hangsUp(world);
});

scenario('digits with pauses (w is half a second, W a whole one, and the tone before comes first)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: 'W1w2ww', duration_millis: 100 });
  after(999);                            transferee.getsNothing();
  after(1);                              takes(world, '1', 100);
  after(599);                            transferee.getsNothing();
  after(1);                              takes(world, '2', 100);
  // The next one waits for the pauses at the end of those.
  app.posts('send_dtmf', { digits: '3' });
  after(1_099);                          transferee.getsNothing();
  after(1);                              takes(world, '3');
  hangsUp(world);
});

scenario('digits asked for twice (the second ones go behind the first)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '12' });
                                         transferee.gets('INFO', digit('1'));
  app.posts('send_dtmf', { digits: '34', duration_millis: 500 });
  transferee.sends(200);
  after(250);                            takes(world, '2');
  after(250);                            takes(world, '3', 500);
  after(500);                            takes(world, '4', 500);
  after(500);
  // Nothing is left to wait for.
  app.posts('send_dtmf', { digits: '5' });
                                         takes(world, '5');
  hangsUp(world);
});

scenario('digits before the ack (they wait for it)', byInfo, (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('send_dtmf', { digits: '1' }, { status: 422, code: '90034' });
  app.posts('answer');                   transferee.gets(200);
  app.posts('send_dtmf', { digits: '1' });
                                         transferee.getsNothing();
  transferee.sends('ACK');               app.gets('call.answered');
                                         takes(world, '1');
  hangsUp(world);
});

scenario('digits in the sound (refused by what they need)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1' }, { status: 422, code: '10027' });
                                         transferee.getsNothing();
  hangsUp(world);
  app.posts('send_dtmf', { digits: '1' }, { status: 422, code: '90018' });
});

for (const status of [405, 415, 503]) {
  scenario(`digits refused with ${status} (what is left is dropped, the call goes on)`, byInfo, (world) => {
    const { transferee, app, after } = world;
    answers(world);
    app.posts('send_dtmf', { digits: '123' });
    app.posts('send_dtmf', { digits: '4' });
                                         takes(world, '1');
    after(250);                          transferee.gets('INFO', digit('2'));
    transferee.sends(status);
    after(5_000);                        transferee.getsNothing();
    app.posts('send_dtmf', { digits: '5' });
                                         takes(world, '5');
    hangsUp(world);
  });
}

scenario('digits never answered (Timer F drops what is left)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  transferee.misses('INFO');
  app.posts('send_dtmf', { digits: '12' });
  after(500);                            transferee.gets('INFO', digit('1'));
  after(40_000);                         transferee.getsNothing();
  app.posts('send_dtmf', { digits: '3' });
                                         takes(world, '3');
  hangsUp(world);
});

scenario('digits answered 481 (there is no call any more)', byInfo, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '12' });
                                         transferee.gets('INFO');
  transferee.sends(481);                 transferee.gets('BYE');
  transferee.sends(481);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing' });
});

scenario('digits challenged (answered with what was given for the call; the next one unasked)', byInfo, (world) => {
  const { transferee, app, after } = world;
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
  app.posts('send_dtmf', { digits: '12' });
                                         transferee.gets('INFO', digit('1'));
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         transferee.gets('INFO', { ...digit('1'), 'Proxy-Authorization': /nc=00000001/ });
  transferee.sends(200);
  after(250);                            transferee.gets('INFO', { ...digit('2'), 'Proxy-Authorization': /nc=00000002/ });
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n2", qop="auth"' });
                                         transferee.gets('INFO', { ...digit('2'), 'Proxy-Authorization': /nonce="n2"/ });
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n3", qop="auth"' });
  after(1_000);                          transferee.getsNothing();
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('digits and a hangup (what is left is dropped)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '12' });
                                         takes(world, '1');
  isHungUp(world);
  after(1_000);                          transferee.getsNothing();
});

scenario('digits and a bye (the answer that comes too late changes nothing)', byInfo, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '12' });
                                         transferee.gets('INFO');
  hangsUp(world);
  transferee.sends(200, { answers: 'INFO' });
                                         transferee.getsNothing();
});

scenario('digits beside a refer (both go their way)', byInfo, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '12' });
                                         transferee.gets('INFO', digit('1'));
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(603, { answers: 'REFER' });
                                         app.gets('call.refer.failed');
  transferee.sends(200, { answers: 'INFO' });
  after(250);                            takes(world, '2');
  hangsUp(world);
});

scenario('digits too many (256 may wait; nothing of what is refused is sent)', byInfo, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1' });
  app.posts('send_dtmf', { digits: 'w'.repeat(256) });
  app.posts('send_dtmf', { digits: '2' }, { status: 422, code: '90033' });
                                         transferee.gets('INFO', digit('1'));
  transferee.sends(415);
  app.posts('send_dtmf', { digits: '2' });
                                         takes(world, '2');
  hangsUp(world);
});

scenario('digits killed before the answer (the same INFO again, and then the next one)', byInfo, (world) => {
  const { transferee, app, after, restarts } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1w2' });
                                         transferee.gets('INFO', digit('1'));
  restarts();                            transferee.gets('INFO', { again: true });
  transferee.sends(200);
  after(749);                            transferee.getsNothing();
  after(1);                              takes(world, '2');
  hangsUp(world);
});

scenario('digits killed after the answer (none comes twice, the pause goes on)', byInfo, (world) => {
  const { transferee, app, after, restarts } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1W2' });
                                         takes(world, '1');
  after(1_000);
  restarts();                            transferee.getsNothing();
  after(249);                            transferee.getsNothing();
  after(1);                              takes(world, '2');
  hangsUp(world);
});

killedAnywhere('digits sent', byInfo, (world) => {
  const { app, after } = world;
  answers(world);
  app.posts('send_dtmf', { digits: '1w2' });
                                         takes(world, '1');
  after(750);                            takes(world, '2');
  after(250);
  hangsUp(world);
});
