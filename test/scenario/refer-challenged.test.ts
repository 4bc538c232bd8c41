// The REFER is challenged (RFC 3261 §22, RFC 8760), as proxies and some PBXs do inside a dialog.
import { digestOf } from '../support/digest.ts';
import { answers, hangsUp, isReleased, notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const secret = { sip_auth_username: 'carol', sip_auth_password: 'open sesame' };
const known = { username: 'carol', password: 'open sesame', realm: 'atlanta.example' };

function isReferred({ transferee, app }: World, credentials: object = secret): void {
  app.posts('refer', { sip_address: target, ...credentials });
                                         transferee.gets('REFER', { Authorization: null, 'Proxy-Authorization': null });
}

scenario('refer challenged (407, answered; the subscription goes by the new CSeq)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth", algorithm=MD5' });
                                         app.getsNothing();
                                         transferee.gets('REFER', { 'Proxy-Authorization': digestOf({ ...known, nonce: 'n1' }), CSeq: '2 REFER' });
  transferee.sends(202);                 app.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
  notifies(world, '200 OK', { Event: 'refer;id=2' });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer challenged, notify by the first cseq (the id of a REFER that was challenged is known, too)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(401, { 'WWW-Authenticate': 'Digest realm="atlanta.example", nonce="n1"' });
                                         transferee.gets('REFER', { Authorization: digestOf({ ...known, nonce: 'n1', qop: false }) });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK', { Event: 'refer;id=1' });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer challenged with sha-256', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(401, {
    'WWW-Authenticate': [
      'Digest realm="atlanta.example", nonce="n256", qop="auth", algorithm=SHA-256',
      'Digest realm="atlanta.example", nonce="n5", qop="auth", algorithm=MD5',
    ],
  });                                    transferee.gets('REFER', { Authorization: digestOf({ ...known, nonce: 'n256', algorithm: 'SHA-256' }) });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer challenged by proxy and peer (two realms in one response, both answered)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(407, {
    'Proxy-Authenticate': 'Digest realm="proxy.example", nonce="p", qop="auth,auth-int"',
    'WWW-Authenticate': 'Digest realm="atlanta.example", nonce="w", qop="auth"',
  });                                    transferee.gets('REFER', {
                                           'Proxy-Authorization': digestOf({ ...known, realm: 'proxy.example', nonce: 'p' }),
                                           Authorization: digestOf({ ...known, nonce: 'w' }),
                                         });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer challenged one after the other (first by the proxy, then by the peer)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="proxy.example", nonce="p", qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': digestOf({ ...known, realm: 'proxy.example', nonce: 'p' }) });
  transferee.sends(401, { 'WWW-Authenticate': 'Digest realm="atlanta.example", nonce="w", qop="auth"' });
                                         transferee.gets('REFER', {
                                           'Proxy-Authorization': digestOf({ ...known, realm: 'proxy.example', nonce: 'p' }),
                                           Authorization: digestOf({ ...known, nonce: 'w' }),
                                         });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK', { Event: 'refer;id=3' });
                                         app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer challenged with a stale nonce (one more round)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="old", qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': digestOf({ ...known, nonce: 'old' }) });
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="new", stale=TRUE, qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': digestOf({ ...known, nonce: 'new' }) });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer with a wrong password (the second 407 is final)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': /^Digest / });
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n2", qop="auth"' });
                                         app.gets('call.refer.failed', { sip_notify_response: 407, refer_sip_response: 407, failure_reason: 'failed' });
  hangsUp(world);
});

for (const [status, header] of [[401, 'WWW-Authenticate'], [407, 'Proxy-Authenticate']] as const) {
  scenario(`refer challenged without credentials, ${status}`, (world) => {
    const { transferee, app } = world;
    answers(world);
    isReferred(world, {});
    transferee.sends(status, { [header]: 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         app.gets('call.refer.failed', { sip_notify_response: status, refer_sip_response: status });
    hangsUp(world);
  });
}

scenario('refer challenged in a way we cannot answer', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  transferee.sends(401, { 'WWW-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth-int", algorithm=MD5' });
                                         app.gets('call.refer.failed', { sip_notify_response: 401 });
  hangsUp(world);
});
