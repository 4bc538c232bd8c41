// INFO that the peer sends (RFC 6086 §3, without a package): digits and other bodies are told, each once, whenever they come;
// packages are refused, and so is what is too long.
import { answers, hangsUp, rings, target } from '../support/flows.ts';
import { killedAnywhere, scenario } from '../support/play.ts';
import type { Overrides } from '../support/template.ts';
import type { World } from '../support/world.ts';

const relay = (signal: string) => ({
  'Content-Type': 'application/dtmf-relay',
  body: `Signal=${signal}\r\nDuration=160\r\n`,
});

/** The peer sends an INFO, which is taken. */
function informs({ transferee }: World, info: Overrides): void {
  transferee.sends('INFO', info);
  transferee.gets(200);
}

scenario('info with digits (told one by one, whatever the application sends itself)', (world) => {
  const { app } = world;
  answers(world);
  informs(world, relay('1'));            app.gets('call.dtmf.received', { digit: '1', from: 'sip:alice@atlanta.example', to: '+13125550100' });
  informs(world, relay('10'));           app.gets('call.dtmf.received', { digit: '*' });
  informs(world, { 'Content-Type': 'application/dtmf', body: '#' });
                                         app.gets('call.dtmf.received', { digit: '#' });
  hangsUp(world);
});

scenario('info with another body (told as it came)', (world) => {
  const { app } = world;
  answers(world);
  informs(world, { 'Content-Type': 'application/json;charset=utf-8', body: '{"badge":"\xc3\xa9"}' });
                                         app.gets('call.sip_info.received', { content_type: 'application/json;charset=utf-8', body: '{"badge":"é"}', body_encoding: 'utf-8' });
  informs(world, relay('flash'));        app.gets('call.sip_info.received', { content_type: 'application/dtmf-relay', body: 'Signal=flash\r\nDuration=160\r\n' });
  informs(world, { 'Content-Type': null, body: 'no type' });
                                         app.gets('call.sip_info.received', { content_type: null, body: 'no type' });
  informs(world, { 'Content-Type': 'a/b', body: 'x'.repeat(1_400) });
                                         app.gets('call.sip_info.received', { body: 'x'.repeat(1_400) });
  hangsUp(world);
});

scenario('info with bytes (in Base64: they are no text)', (world) => {
  const { app } = world;
  answers(world);
  informs(world, { 'Content-Type': 'application/octet-stream', body: 'a\0b' });
                                         app.gets('call.sip_info.received', { body: 'YQBi', body_encoding: 'base64' });
  hangsUp(world);
});

scenario('info with nothing (it only asks whether we are there)', (world) => {
  const { app } = world;
  answers(world);
  informs(world, {});                    app.getsNothing();
  hangsUp(world);
});

scenario('info of a package (469, with the packages we take: RFC 6086 §4.2.2)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INFO', { 'Info-Package': 'dtmf', ...relay('1') });
                                         transferee.gets(469, { 'Recv-Info': '' });
                                         app.getsNothing();
  hangsUp(world);
});

scenario('info too long (413)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INFO', { 'Content-Type': 'a/b', body: 'x'.repeat(1_401) });
                                         transferee.gets(413);
                                         app.getsNothing();
  hangsUp(world);
});

scenario('info while it rings (the early dialog has it)', (world) => {
  const { app } = world;
  rings(world);
  informs(world, relay('1'));            app.gets('call.dtmf.received', { digit: '1' });
  app.posts('answer');                   world.transferee.gets(200);
  informs(world, relay('2'));            app.gets('call.dtmf.received', { digit: '2' });
  world.transferee.sends('ACK');         app.gets('call.answered');
  hangsUp(world);
});

scenario('info from a callee that rings', (world) => {
  const { transferee, app } = world;
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  informs(world, relay('1'));            app.gets('call.dtmf.received', { digit: '1' });
  transferee.sends('INFO', { 'Info-Package': 'x', ...relay('2') });
                                         transferee.gets(469);
  transferee.sends(200, { answers: 'INVITE' });
                                         transferee.gets('ACK'); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('info during a refer (both are told)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  informs(world, relay('1'));            app.gets('call.dtmf.received');
  transferee.sends(603, { answers: 'REFER' });
                                         app.gets('call.refer.failed');
  hangsUp(world);
});

scenario('info of no call (481, before it and after)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INFO', { ...relay('1'), toTag: 'nobody' });
                                         transferee.gets(481);
  hangsUp(world);
  transferee.sends('INFO', relay('2'));  transferee.gets(481);
                                         app.getsNothing();
});

scenario('info out of order (500, and not told: RFC 3261 §12.2.2)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INFO', { ...relay('1'), cseq: 7 });
                                         transferee.gets(200); app.gets('call.dtmf.received', { digit: '1' });
  transferee.sends('INFO', { ...relay('2'), cseq: 6 });
                                         transferee.gets(500); app.getsNothing();
  transferee.sends('BYE', { cseq: 8 });  transferee.gets(200); app.gets('call.hangup');
});

scenario('info sent again (its lost 200 is said again, and it is told once)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  transferee.misses(200);
  transferee.sends('INFO', relay('1'));  app.gets('call.dtmf.received');
  after(500);
  transferee.sends('INFO', { again: true });
                                         transferee.gets(200);
                                         app.getsNothing();
  hangsUp(world);
});

scenario('info sent again after a restart (told once)', (world) => {
  const { transferee, app, restarts } = world;
  answers(world);
  transferee.misses(200);
  transferee.sends('INFO', relay('1'));  app.gets('call.dtmf.received');
  restarts();
  transferee.sends('INFO', { again: true });
                                         transferee.gets(200);
                                         app.getsNothing();
  hangsUp(world);
});

scenario('info sent again after a restart, from a callee that rings', (world) => {
  const { transferee, app, restarts } = world;
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  transferee.misses(200);
  transferee.sends('INFO', relay('1'));  app.gets('call.dtmf.received');
  restarts();                            transferee.gets('INVITE', { again: true });
  transferee.sends('INFO', { again: true });
                                         transferee.gets(200);
                                         app.getsNothing();
  transferee.sends(486, { answers: 'INVITE' });
                                         transferee.gets('ACK'); app.gets('call.hangup');
});

killedAnywhere('info received', (world) => {
  const { app } = world;
  rings(world);
  informs(world, relay('1'));            app.gets('call.dtmf.received', { digit: '1' });
  app.posts('answer');                   world.transferee.gets(200);
  world.transferee.sends('ACK');         app.gets('call.answered');
  informs(world, { 'Content-Type': 'text/plain', body: 'x' });
                                         app.gets('call.sip_info.received', { body: 'x' });
  hangsUp(world);
});
