// Whom calls may be made and referred to (toll fraud): what a dial, a transfer, a refer, the REFER of a peer and a redirect
// come to where the target is barred, by the server or by the application, and how fast an application may dial.
import { application } from '../support/application.ts';
import { answers, hangsUp, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const refused = { status: 403, code: '10010' };
/** Of the server: premium numbers and a host. Of the application: its own network only. */
const settings = {
  targets: { allow: [], deny: ['+4490', 'evil.example'] },
  applications: [application({ targets: { allow: ['192.0.2.0/24', 'biloxi.example'], deny: ['192.0.2.66'] } })],
} as const;

scenario('barred targets of a dial (403, none of them is called)', { settings }, ({ transferee, app }) => {
  app.dials({ to: '+4490123' }, { ...refused, pointer: '/to', detail: /allowed and denied/ });
  app.dials({ to: 'tel:+4490123' }, { ...refused, pointer: '/to' });
  app.dials({ to: 'sip:+44%39%30123@192.0.2.10;user=phone' }, { ...refused, pointer: '/to' });
  app.dials({ to: ['sip:alice@192.0.2.10', 'sip:bob@192.0.2.66'] }, { ...refused, pointer: '/to/1' });
  app.dials({ to: 'sip:bob@chicago.example' }, { ...refused, pointer: '/to' });
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('barred targets of a transfer and of a refer (403, the call goes on)', { settings }, (world) => {
  const { app } = world;
  answers(world);
  app.posts('transfer', { to: 'sip:bob@192.0.2.66' }, { ...refused, pointer: '/to' });
  app.posts('refer', { sip_address: 'sip:bob@evil.example' }, { ...refused, pointer: '/sip_address' });
  app.posts('refer', { sip_address: '"Bob" <SIP:bob@EVIL.example.>' }, { ...refused, pointer: '/sip_address' });
  app.posts('refer', { sip_address: 'tel:+44-90-123' }, { ...refused, pointer: '/sip_address' });
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example?Route=%3Csip:evil.example%3E' }, { ...refused, pointer: '/sip_address' });
  const steps = (...on_failure: object[]) => ({ sip_address: 'sip:bob@biloxi.example', on_failure });
  app.posts('refer', steps({ sip_address: 'sip:bob@biloxi.example' }, { sip_address: 'sip:bob@evil.example' }), { ...refused, pointer: '/on_failure/1/sip_address' });
  app.posts('refer', steps({ transfer: { to: 'sip:bob@192.0.2.66' } }), { ...refused, pointer: '/on_failure/0/transfer/to' });
  hangsUp(world);
});

scenario('barred target of a refer before the answer (no redirect leads there)', { settings, refer: { beforeAnswer: 'redirect' } }, (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: 'sip:bob@evil.example' }, { ...refused, pointer: '/sip_address' });
  app.posts('reject', { cause: 'USER_BUSY' });
                                         transferee.gets(486); app.gets('call.hangup');
  transferee.sends('ACK');
});

const follows = application({
  targets: settings.applications[0].targets,
  refer: { ...settings.applications[0].refer, inbound: 'follow' },
});

scenario('barred target of the REFER of a peer (followed: it is told 603, and nobody is called)', { settings: { ...settings, applications: [follows] } }, (world) => {
  const { app, transferee } = world;
  answers(world);
  transferee.sends('REFER', { 'Refer-To': '<sip:carol@chicago.example>' });
                                         transferee.gets(202); transferee.gets('NOTIFY', { body: /^SIP\/2\.0 100/ });
                                         app.gets('call.refer.received');
  transferee.sends(200, { answers: 'NOTIFY' });
                                         transferee.gets('NOTIFY', { 'Subscription-State': /^terminated/, body: /^SIP\/2\.0 603/ });
  transferee.sends(200, { answers: 'NOTIFY' });
  hangsUp(world);
});

const redirected = { settings: { ...settings, followsRedirects: true } };

scenario('barred target of a redirect (the next one is called)', redirected, ({ transferee, peer, app }) => {
  const bob = peer('bob');
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(302, { Contact: ['<sip:bob@192.0.2.66>', '<sip:+4490123@192.0.2.10>', '<sip:bob@192.0.2.20>'] });
                                         transferee.gets('ACK'); bob.gets('INVITE', { uri: 'sip:bob@192.0.2.20' });
  bob.sends(486);                        bob.gets('ACK'); app.gets('call.hangup', { sip_hangup_cause: '486' });
});

scenario('barred targets of a redirect alone (a refusal)', redirected, ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(302, { Contact: '<sip:bob@evil.example>' });
                                         transferee.gets('ACK'); app.gets('call.hangup', { sip_hangup_cause: '302' });
});

scenario('dials per second (429 beyond a burst, and again a second later)', { settings: { applications: [application({ dialsPerSecond: 1 })] } }, ({ transferee, app, after }) => {
  const tooMany = { status: 429, code: '90103', detail: /dials_per_second/ };
  for (const _ of [1, 2]) {
    app.dials();                         transferee.gets('INVITE'); app.gets('call.initiated');
    transferee.sends(486);               transferee.gets('ACK'); app.gets('call.hangup');
  }
  app.dials({}, tooMany);
  after(1_000);
  app.dials({ to: ['sip:alice@192.0.2.10', 'sip:bob@192.0.2.10'] }, tooMany);
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});
