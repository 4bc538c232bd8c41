// Switchhook registers with a trunk, which is the peer here (RFC 3261 §10.2).
import type { Access } from '../../src/config/access.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { digestOf } from '../support/digest.ts';
import { scenario } from '../support/play.ts';

const access: Access = {
  ...{ realm: 'switchhook', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0, phones: [] },
  trunks: [
    {
      ...{ name: 'pbx', addresses: ['192.0.2.10'], username: '1000', password: 'secret', realm: null, nat: true },
      ...{ registrars: ['sip:192.0.2.10'], registerAs: 'sip:1000@192.0.2.10', registerSecs: 600 },
      ...{ uri: 'sip:192.0.2.10', prefixes: [''], applications: null, priority: 1, weight: 1, channels: null },
    },
  ],
};
const ours = '<sip:1000@192.0.2.1:5060;transport=udp>';
const asks = { 'WWW-Authenticate': 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=SHA-256' };
const secret = { username: '1000', password: 'secret', realm: 'pbx', nonce: 'n1', algorithm: 'SHA-256' } as const;
/** It would be tried again long after the end of the scenario. */
const gone = { 'Retry-After': '3600' };

scenario('registers (challenged, refreshed before it ends)', { settings: { access } }, ({ transferee, after }) => {
                                         transferee.gets('REGISTER', { uri: 'sip:192.0.2.10', To: '<sip:1000@192.0.2.10>', Contact: ours, Expires: '600', CSeq: '1 REGISTER', Authorization: null });
  transferee.sends(401, asks);           transferee.gets('REGISTER', { Authorization: digestOf(secret), CSeq: '2 REGISTER' });
  transferee.sends(200, { Contact: `${ours};expires=120` });
  after(96_000);                         transferee.gets('REGISTER', { Authorization: /nc=00000002/, CSeq: '3 REGISTER', within: 12_000 });
  transferee.sends(503, gone);
});

scenario('registers for longer (423)', { settings: { access } }, ({ transferee }) => {
                                         transferee.gets('REGISTER', { Expires: '600' });
  transferee.sends(423, { 'Min-Expires': '1800', reason: 'Interval Too Brief' });
                                         transferee.gets('REGISTER', { Expires: '1800', CSeq: '2 REGISTER' });
  transferee.sends(480, gone);
});

scenario('registers again after a restart (the same Call-ID, the next CSeq)', { settings: { access } }, ({ transferee, restarts }) => {
  let callId: string;
                                         transferee.gets('REGISTER', { 'Call-ID': (value) => { callId = value; } });
  transferee.sends(200, { Contact: `${ours};expires=3600` });
  restarts();                            transferee.gets('REGISTER', { 'Call-ID': (value) => { if (value !== callId) throw new Error(`${value} is not ${callId}`); }, CSeq: '2 REGISTER' });
  transferee.sends(403, gone);
});

scenario('registers in vain, and waits longer each time', { settings: { access } }, ({ transferee }) => {
                                         transferee.gets('REGISTER');
  transferee.sends(403);                 transferee.gets('REGISTER', { within: 60_000 });
  transferee.sends(403);                 transferee.gets('REGISTER', { within: 120_000 });
  transferee.sends(403, gone);
});

scenario('dials by what it has registered (the Service-Route first: RFC 3608)', { settings: { access } }, ({ transferee, app, after }) => {
                                         transferee.gets('REGISTER');
  transferee.sends(200, { Contact: `${ours};expires=120`, 'Service-Route': '<sip:192.0.2.10:5060;lr>' });
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE', { uri: 'sip:+13125550111@192.0.2.10;user=phone', Route: '<sip:192.0.2.10:5060;lr>' });
                                         app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  after(96_000);                         transferee.gets('REGISTER', { within: 12_000 });
  transferee.sends(503, gone);
});
