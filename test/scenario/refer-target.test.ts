// What goes onto the REFER: the target byte for byte, the headers and where they are placed, Referred-By, the route set.
import assert from 'node:assert/strict';
import { answers, hangsUp, isReleased, notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { all } from '../support/text.ts';
import type { World } from '../support/world.ts';

/** Accepted, then busy, so that the call can be ended in one line. */
function ends(world: World): void {
  const { transferee, app } = world;
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  hangsUp(world);
}

const targets: readonly [name: string, given: string, sent: string][] = [
  ['sip', 'sip:bob@biloxi.example', 'sip:bob@biloxi.example'],
  ['sips', 'sips:bob@biloxi.example:5071', 'sips:bob@biloxi.example:5071'],
  ['tel', 'tel:+13125550199', 'tel:+13125550199'],
  ['tel with parameters', 'tel:5550199;phone-context=+1312', 'tel:5550199;phone-context=+1312'],
  ['with odd bytes', 'SIP:%62ob;x=1@BILOXI.example;Transport=TCP;lr;foo=%20', 'SIP:%62ob;x=1@BILOXI.example;Transport=TCP;lr;foo=%20'],
  ['an address', 'sip:bob@[2001:db8::1]:5060;user=phone', 'sip:bob@[2001:db8::1]:5060;user=phone'],
  ['with headers', 'sip:bob@biloxi.example;p=1?X-A=1&X-B=%22', 'sip:bob@biloxi.example;p=1?X-A=1&X-B=%22'],
  ['with a display name', '"Bob, the \\"builder\\"" <sip:bob@biloxi.example;p=1>', 'sip:bob@biloxi.example;p=1'],
];

for (const [name, given, sent] of targets) {
  scenario(`refer target ${name}`, (world) => {
    const { transferee, app } = world;
    answers(world);
    app.posts('refer', { sip_address: given });
                                         transferee.gets('REFER', { 'Refer-To': [`<${sent}>`] });
    ends(world);
  });
}

const refused: readonly [name: string, body: object, code: string, pointer: string][] = [
  ['missing', {}, '10004', '/sip_address'],
  ['empty', { sip_address: '' }, '10004', '/sip_address'],
  ['a bare user', { sip_address: 'bob' }, '10015', '/sip_address'],
  ['a bare number', { sip_address: '+13125550199' }, '10015', '/sip_address'],
  ['another scheme', { sip_address: 'https://biloxi.example' }, '10015', '/sip_address'],
  ['with a line end', { sip_address: 'sip:bob@biloxi.example\r\nX: y' }, '10015', '/sip_address'],
  ['that closes its brackets', { sip_address: 'sip:bob@biloxi.example>;x=<sip:c@d' }, '10015', '/sip_address'],
  ['a number as a string', { sip_address: 7 }, '10015', '/sip_address'],
  ['header of ours', { sip_address: target, custom_headers: [{ name: 'Via', value: 'x' }] }, '10015', '/custom_headers/0/name'],
  ['header Content-Language', { sip_address: target, custom_headers: [{ name: 'X-A', value: 'x' }, { name: 'content-language', value: 'x' }] }, '10015', '/custom_headers/1/name'],
  ['header name', { sip_address: target, custom_headers: [{ name: 'X A', value: 'x' }] }, '10015', '/custom_headers/0/name'],
  ['header value', { sip_address: target, custom_headers: [{ name: 'X-A', value: 'x\r\nVia: y' }] }, '10015', '/custom_headers/0/value'],
  ['sip header', { sip_address: target, sip_headers: [{ name: 'Diversion', value: 'x' }] }, '10032', '/sip_headers/0/name'],
  ['client state', { sip_address: target, client_state: '%%%' }, '10015', '/client_state'],
  ['timeout', { sip_address: target, refer_timeout_ms: 0 }, '10033', '/refer_timeout_ms'],
  ['placement', { sip_address: target, refer_header_placement: 'nowhere' }, '10032', '/refer_header_placement'],
];

scenario('refer bad commands (each refused with its pointer; nothing is sent and the next one works)', (world) => {
  const { transferee, app } = world;
  answers(world);
  for (const [, body, code, pointer] of refused) app.posts('refer', body, { status: 422, code, pointer });
                                         transferee.getsNothing();
  app.posts('refer', { sip_address: target, not_a_field_of_ours: 1 });
                                         transferee.gets('REFER');
  ends(world);
});

const headers = {
  custom_headers: [{ name: 'X-Account', value: 'a b;c="d"&e' }, { name: 'X-Account', value: '42' }],
  sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }],
};
const inUri = 'X-Account=a%20b%3Bc%3D%22d%22%26e&X-Account=42&User-to-User=3132%3Bencoding%3Dhex';
const onRefer = { 'X-Account': ['a b;c="d"&e', '42'], 'User-to-User': ['3132;encoding=hex'] };
const notOnRefer = { 'X-Account': null, 'User-to-User': null };

scenario('refer headers on both (the default: onto the REFER and, escaped, into Refer-To)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, ...headers });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}?${inUri}>`, ...onRefer });
  ends(world);
});

scenario('refer headers in refer-to', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: `${target};p=1?X-Given=1`, ...headers, refer_header_placement: 'refer-to' });
                                         transferee.gets('REFER', { 'Refer-To': `<${target};p=1?X-Given=1&${inUri}>`, ...notOnRefer });
  ends(world);
});

scenario('refer headers on refer', { refer: { headerPlacement: 'refer' } }, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, ...headers });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}>`, ...onRefer });
  ends(world);
});

scenario('refer headers with tel (on the REFER only, whatever the placement)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: 'tel:+13125550199', ...headers, refer_header_placement: 'refer-to' });
                                         transferee.gets('REFER', { 'Refer-To': '<tel:+13125550199>', ...onRefer });
  ends(world);
});

scenario('refer header in utf-8', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, custom_headers: [{ name: 'X-Name', value: 'Zoë' }] });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}?X-Name=Zo%C3%AB>`, 'X-Name': 'Zo\xc3\xab' });
  ends(world);
});

scenario('refer referred-by (the local identity, unless the command says otherwise: RFC 3892)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { 'Referred-By': ['<sip:+13125550100@192.0.2.1>'] });
  transferee.sends(603);                 app.gets('call.refer.failed');
  app.posts('refer', { sip_address: target, custom_headers: [{ name: 'Referred-By', value: '<sip:desk@switchhook.example>' }] });
                                         transferee.gets('REFER', { 'Referred-By': ['<sip:desk@switchhook.example>'] });
  ends(world);
});

scenario('refer without inner headers (nothing of ours leaks, nothing is there twice)', (world) => {
  const { transferee, app } = world;
  const expected = 'Allow, CSeq, Call-ID, Contact, Content-Length, From, Max-Forwards, Refer-To, Referred-By, Supported, To, User-Agent, Via';
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { Via: (_, heard) => {
                                           assert.equal(heard.headers.map(([name]) => name).sort().join(', '), expected);
                                           assert.match(all(heard, 'Supported').join(), /\breplaces\b/, 'siphon-sip#281: it was never advertised');
                                         } });
  ends(world);
});

const proxies = ['<sip:proxy2.atlanta.example;lr>', '<sip:192.0.2.10:5060;lr;transport=udp>'];

scenario('refer through proxies (the route set of the callee, in the order of Record-Route: RFC 3261 §12.1.1)', (world) => {
  const { transferee, app } = world;
  answers(world, { 'Record-Route': proxies, Contact: '<sip:alice@10.9.8.7:5999;x=1>' });
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { Route: proxies, uri: 'sip:alice@10.9.8.7:5999;x=1' });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer to the newest contact (a re-INVITE moved the remote target)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INVITE', { Contact: '<sip:alice@192.0.2.10:5060;moved>' });
                                         transferee.gets(100); transferee.gets(200);
  transferee.sends('ACK');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { uri: 'sip:alice@192.0.2.10:5060;moved' });
  ends(world);
});

const long = 'x'.repeat(1_200);

scenario('refer too large for udp (over 1300 bytes it goes by TCP: RFC 3261 §18.1.1)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, custom_headers: [{ name: 'X-Long', value: long }], refer_header_placement: 'refer' });
                                         transferee.gets('REFER', { Via: /^SIP\/2\.0\/TCP /, 'X-Long': long });
  ends(world);
});
