// The dialog of a UAS (RFC 3261 §12): what it takes from the INVITE, what belongs to it, and where and how its requests go.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  afterRequest,
  afterResponse,
  belongsTo,
  contactFor,
  contactIn,
  type Dialog,
  isOutOfOrder,
  type LocalAddresses,
  nextHop,
  requestUriOf,
  requestWithin,
  uasDialog,
} from '../../../src/sip/dialog/dialog.ts';
import { isRequest, type Request, Response } from '../../../src/sip/message/message.ts';
import { isFailure, parse } from '../../../src/sip/message/parse.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { type Changes, rawInvite, rawMessage, rawResponse } from '../../support/messages.ts';
import { all, one, readText } from '../../support/text.ts';

const udp: Target = { transport: 'udp', host: '192.0.2.10', port: 5060, flow: 'udp:192.0.2.1:5060' };
const tcp: Target = { transport: 'tcp', host: '192.0.2.10', port: 41_234, flow: 'tcp:192.0.2.1:5060#7' };
const us: LocalAddresses = {
  udp: { transport: 'udp', host: '192.0.2.1', port: 5060 },
  tcp: { transport: 'tcp', host: '192.0.2.1', port: 5061 },
};

function requestOf(text: string): Request {
  const message = parse(text);
  assert.ok(!isFailure(message) && isRequest(message), text);
  return message;
}

const invite = (changes: Changes = {}): Request =>
  requestOf(rawInvite({ Contact: '<sip:alice@192.0.2.10:5060>', ...changes }));

function dialogOf(changes: Changes = {}, flow = udp): Dialog {
  const dialog = uasDialog(invite(changes), 'ours', flow);
  assert.ok(dialog);
  return dialog;
}

function built(dialog: Dialog, addresses = us, more: { body?: string; headers?: (readonly [string, string])[] } = {}) {
  const { body, headers = [] } = more;
  const request = { method: 'REFER', cseq: 7, branch: 'z9hG4bK1', headers: () => headers, ...(body && { body }) };
  const { text, target } = requestWithin(dialog, addresses, request);
  return { heard: readText(text), target };
}

suite('a dialog begins with the INVITE (§12.1.1)', () => {
  test('its parts', () => {
    const RecordRoute = ['<sip:p2.example;lr>, <sip:p1.example;lr;x=1>', '<sip:p0.example;lr>'];
    assert.deepEqual(dialogOf({ 'Record-Route': RecordRoute }), {
      callId: 'a84b4c76e66710@pc33.atlanta.example',
      localTag: 'ours',
      remoteTag: '1928301774',
      local: 'Bob <sip:bob@biloxi.example>;tag=ours',
      remote: '"Alice" <sip:alice@atlanta.example>;tag=1928301774',
      localCseq: 0,
      remoteCseq: 314159,
      remoteTarget: 'sip:alice@192.0.2.10:5060',
      routeSet: ['<sip:p2.example;lr>', '<sip:p1.example;lr;x=1>', '<sip:p0.example;lr>'],
      flow: udp,
    });
  });
  test('a peer of RFC 2543 may have no tag', () => {
    assert.equal(dialogOf({ From: '<sip:alice@atlanta.example>' }).remoteTag, null);
  });
  const contacts: readonly (readonly [value: string | null, remoteTarget: string | null])[] = [
    [null, null],
    ['*', null],
    ['<http://alice.example>', null],
    ['<sip:alice@>', null],
    ['<tel:+1312>', 'tel:+1312'],
    ['sip:alice@192.0.2.10;expires=60', 'sip:alice@192.0.2.10'],
    ['"A, B" <sip:alice@192.0.2.10;transport=tcp>;q=1, <sip:second@192.0.2.10>', 'sip:alice@192.0.2.10;transport=tcp'],
  ];
  for (const [value, remoteTarget] of contacts) {
    test(`Contact: ${value} leads to ${remoteTarget}`, () => {
      assert.equal(uasDialog(invite({ Contact: value }), 'ours', udp)?.remoteTarget ?? null, remoteTarget);
    });
  }
});

const inDialog: Changes = { To: 'Bob <sip:bob@biloxi.example>;tag=ours', CSeq: '314160 NOTIFY' };
const asked = (changes: Changes = {}): Request =>
  requestOf(rawMessage('NOTIFY sip:us SIP/2.0', { ...inDialog, ...changes }));

suite('what belongs to a dialog (§12)', () => {
  const rows: readonly (readonly [Changes, boolean])[] = [
    [{}, true],
    [{ To: '<sip:other@name.example>;tag=ours' }, true],
    [{ 'Call-ID': 'another' }, false],
    [{ To: '<sip:bob@biloxi.example>;tag=theirs' }, false],
    [{ To: '<sip:bob@biloxi.example>' }, false],
    [{ From: '<sip:alice@atlanta.example>;tag=another' }, false],
    [{ From: '<sip:alice@atlanta.example>' }, false],
  ];
  for (const [changes, belongs] of rows) {
    test(`${JSON.stringify(changes)}: ${belongs}`, () => assert.equal(belongsTo(dialogOf(), asked(changes)), belongs));
  }
  test('without a tag, of a peer that never had one', () => {
    const dialog = dialogOf({ From: '<sip:alice@atlanta.example>' });
    assert.equal(belongsTo(dialog, asked({ From: '<sip:alice@atlanta.example>' })), true);
    assert.equal(belongsTo(dialog, asked()), false);
  });
});

suite('CSeq of the peer (§12.2.2)', () => {
  const rows: readonly (readonly [cseq: number, isOld: boolean, then: number])[] = [
    [314_158, true, 314_159],
    [314_159, false, 314_159],
    [314_160, false, 314_160],
    [2_147_483_647, false, 2_147_483_647],
  ];
  for (const [cseq, isOld, then] of rows) {
    test(`${cseq}: ${isOld ? 'out of order' : 'in order'}`, () => {
      const request = asked({ CSeq: `${cseq} NOTIFY` });
      assert.equal(isOutOfOrder(dialogOf(), request), isOld);
      assert.equal(afterRequest(dialogOf(), request, udp).remoteCseq, then);
    });
  }
});

suite('a request of the peer', () => {
  const Contact = '<sip:alice@198.51.100.9>';
  const refreshed: readonly (readonly [method: string, refreshes: boolean])[] = [
    ['INVITE', true],
    ['UPDATE', true],
    ['NOTIFY', false],
    ['INFO', false],
    ['BYE', false],
  ];
  for (const [method, refreshes] of refreshed) {
    test(`${method} ${refreshes ? 'refreshes' : 'leaves'} the remote target`, () => {
      const request = requestOf(
        rawMessage(`${method} sip:us SIP/2.0`, { ...inDialog, CSeq: `314160 ${method}`, Contact }),
      );
      const { remoteTarget, routeSet } = afterRequest(dialogOf(), request, udp);
      assert.equal(remoteTarget, refreshes ? 'sip:alice@198.51.100.9' : 'sip:alice@192.0.2.10:5060');
      assert.deepEqual(routeSet, []);
    });
  }
  test('without a Contact that leads anywhere leaves it', () => {
    for (const value of [null, '*', '<http://x.example>']) {
      const request = requestOf(
        rawMessage('INVITE sip:us SIP/2.0', { ...inDialog, CSeq: '314160 INVITE', Contact: value }),
      );
      assert.equal(afterRequest(dialogOf(), request, udp).remoteTarget, 'sip:alice@192.0.2.10:5060');
    }
  });
  test('never changes the route set (§12.2.2)', () => {
    const dialog = dialogOf({ 'Record-Route': '<sip:p1.example;lr>' });
    const request = requestOf(
      rawMessage('INVITE sip:us SIP/2.0', {
        ...inDialog,
        CSeq: '314160 INVITE',
        'Record-Route': '<sip:p9.example;lr>',
      }),
    );
    assert.deepEqual(afterRequest(dialog, request, udp).routeSet, ['<sip:p1.example;lr>']);
  });
  test('says by its flow where the next one of ours goes', () => {
    assert.deepEqual(afterRequest(dialogOf(), asked(), tcp).flow, tcp);
  });
});

test('a 2xx to a request of ours moves the target (§12.2.1.2), where its Contact leads anywhere', () => {
  const moved: readonly (readonly [contact: string | null, remoteTarget: string])[] = [
    ['<sip:alice@198.51.100.9>', 'sip:alice@198.51.100.9'],
    ['*', 'sip:alice@192.0.2.10:5060'],
    [null, 'sip:alice@192.0.2.10:5060'],
  ];
  for (const [Contact, remoteTarget] of moved) {
    const response = parse(rawResponse(200, { Contact }));
    assert.ok(response instanceof Response);
    assert.deepEqual(afterResponse(dialogOf(), response), { ...dialogOf(), remoteTarget });
  }
});

suite('where a request goes', () => {
  const listener = { flow: 'udp:192.0.2.1:5060' };
  const connection = { flow: 'tcp:192.0.2.1:5060#7' };
  const rows: readonly (readonly [what: string, Changes, flow: Target, expected: Target])[] = [
    ['the remote target', {}, udp, { transport: 'udp', host: '192.0.2.10', port: 5060, ...listener }],
    [
      'its default port',
      { Contact: '<sip:a@198.51.100.9>' },
      udp,
      { transport: 'udp', host: '198.51.100.9', port: 5060, ...listener },
    ],
    [
      'a name',
      { Contact: '<sip:a@pc.example:5070>' },
      udp,
      { transport: 'udp', host: 'pc.example', port: 5070, ...listener },
    ],
    [
      'an IPv6 address',
      { Contact: '<sip:a@[2001:db8::7]:5070>' },
      udp,
      { transport: 'udp', host: '2001:db8::7', port: 5070, ...listener },
    ],
    [
      'maddr',
      { Contact: '<sip:a@pc.example;maddr=198.51.100.3>' },
      udp,
      { transport: 'udp', host: '198.51.100.3', port: 5060, ...listener },
    ],
    [
      'another transport: no flow',
      { Contact: '<sip:a@198.51.100.9;transport=TCP>' },
      udp,
      { transport: 'tcp', host: '198.51.100.9', port: 5060 },
    ],
    [
      'a transport we do not have, as TCP',
      { Contact: '<sip:a@198.51.100.9;transport=sctp>' },
      udp,
      { transport: 'tcp', host: '198.51.100.9', port: 5060 },
    ],
    [
      'TLS, at its own port',
      { Contact: '<sip:a@198.51.100.9;transport=tls>' },
      udp,
      { transport: 'tls', host: '198.51.100.9', port: 5061 },
    ],
    [
      'SIPS: TLS, whatever transport is beneath it (RFC 3261 §26.2.2)',
      { Contact: '<sips:a@198.51.100.9;transport=tcp>' },
      udp,
      { transport: 'tls', host: '198.51.100.9', port: 5061 },
    ],
    [
      'SIPS over WebSocket',
      { Contact: '<sips:a@198.51.100.9;transport=ws>' },
      udp,
      { transport: 'wss', host: '198.51.100.9', port: 443 },
    ],
    [
      'a domain: DNS may say by which transport and port (RFC 3263 §4.1)',
      { Contact: '<sip:a@biloxi.example>' },
      udp,
      { transport: 'udp', host: 'biloxi.example', port: 5060, open: 'transport', ...listener },
    ],
    [
      'a domain with a port: no more than its addresses are asked for',
      { Contact: '<sip:a@biloxi.example:5070>' },
      udp,
      { transport: 'udp', host: 'biloxi.example', port: 5070, ...listener },
    ],
    ['the connection of the peer', {}, tcp, { transport: 'tcp', host: '192.0.2.10', port: 5060, ...connection }],
    [
      'the connection, though Contact says UDP',
      { Contact: '<sip:a@10.0.0.1;transport=udp>' },
      tcp,
      { transport: 'tcp', host: '10.0.0.1', port: 5060, ...connection },
    ],
    [
      'the first route',
      { 'Record-Route': ['<sip:p2.example:5080;lr>', '<sip:p1.example;lr>'] },
      udp,
      { transport: 'udp', host: 'p2.example', port: 5080, ...listener },
    ],
    [
      'the first route by its transport',
      { 'Record-Route': '<sip:p2.example;transport=tcp;lr>' },
      udp,
      { transport: 'tcp', host: 'p2.example', port: 5060, open: 'port' },
    ],
    ['back where it came from, when the target is no SIP URI', { Contact: '<tel:+1312>' }, udp, udp],
  ];
  for (const [what, changes, flow, expected] of rows) {
    test(what, () => assert.deepEqual(nextHop(dialogOf(changes, flow)), expected));
  }
});

suite('Request-URI and Route (§12.2.1.1)', () => {
  const remote = 'sip:alice@192.0.2.10:5060';
  const rows: readonly (readonly [
    what: string,
    recordRoute: readonly string[],
    uri: string,
    routes: readonly string[],
  ])[] = [
    ['no routes', [], remote, []],
    [
      'loose routers, in the order of Record-Route',
      ['<sip:p2.example;lr>', '<sip:p1.example;lr>'],
      remote,
      ['<sip:p2.example;lr>', '<sip:p1.example;lr>'],
    ],
    ['lr with a value', ['<sip:p1.example;lr=on>'], remote, ['<sip:p1.example;lr=on>']],
    ['lr of a header parameter is none', ['<sip:p1.example>;lr'], 'sip:p1.example', [`<${remote}>`]],
    [
      'parameters of a route are kept',
      ['"P" <sip:p1.example;lr;x=1>;y=2'],
      remote,
      ['"P" <sip:p1.example;lr;x=1>;y=2'],
    ],
    [
      'a strict router first',
      ['<sip:p2.example;x=1>', '<sip:p1.example;lr>'],
      'sip:p2.example;x=1',
      ['<sip:p1.example;lr>', `<${remote}>`],
    ],
    ['a strict router alone', ['<sip:p1.example;method=INVITE?Subject=x>'], 'sip:p1.example', [`<${remote}>`]],
    [
      'a strict router second',
      ['<sip:p2.example;lr>', '<sip:p1.example>'],
      remote,
      ['<sip:p2.example;lr>', '<sip:p1.example>'],
    ],
  ];
  for (const [what, recordRoute, uri, routes] of rows) {
    test(what, () => {
      const dialog = dialogOf(recordRoute.length > 0 ? { 'Record-Route': recordRoute } : {});
      const { heard } = built(dialog);
      assert.equal(heard.uri, uri);
      assert.equal(requestUriOf(dialog), uri);
      assert.deepEqual(all(heard, 'Route'), routes);
    });
  }
});

suite('what a request says', () => {
  test('the dialog, ours and theirs the right way round', () => {
    const { heard } = built(dialogOf());
    assert.equal(heard.method, 'REFER');
    assert.equal(one(heard, 'From'), 'Bob <sip:bob@biloxi.example>;tag=ours');
    assert.equal(one(heard, 'To'), '"Alice" <sip:alice@atlanta.example>;tag=1928301774');
    assert.equal(one(heard, 'Call-ID'), 'a84b4c76e66710@pc33.atlanta.example');
    assert.equal(one(heard, 'CSeq'), '7 REFER');
    assert.equal(one(heard, 'Max-Forwards'), '70');
    assert.equal(one(heard, 'Via'), 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport');
  });
  test('over TCP, and from an IPv6 address', () => {
    assert.equal(one(built(dialogOf({}, tcp)).heard, 'Via'), 'SIP/2.0/TCP 192.0.2.1:5061;branch=z9hG4bK1;rport');
    const v6: LocalAddresses = { udp: { transport: 'udp', host: '2001:db8::1', port: 5060 }, tcp: null };
    assert.equal(one(built(dialogOf(), v6).heard, 'Via'), 'SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;rport');
  });
  test('its headers and body after them', () => {
    const { heard } = built(dialogOf(), us, { headers: [['Refer-To', '<sip:c@d>']], body: 'x\r\ny' });
    assert.equal(one(heard, 'Refer-To'), '<sip:c@d>');
    assert.equal(one(heard, 'Content-Length'), '4');
    assert.equal(heard.body, 'x\r\ny');
  });
});

test('Contact: ours, by the transport the peer reached us by', () => {
  const at = (host: string, user: string | null) => contactFor({ transport: 'tcp', host, port: 5060 }, user);
  assert.equal(at('192.0.2.1', 'bob'), '<sip:bob@192.0.2.1:5060;transport=tcp>');
  assert.equal(at('2001:db8::1', null), '<sip:[2001:db8::1]:5060;transport=tcp>');
});

suite('Contact in a secure dialog (§12.1.1)', () => {
  const tls = { transport: 'tls', host: '192.0.2.1', port: 5061 } as const;
  const wss = { transport: 'wss', host: '192.0.2.1', port: 443 } as const;
  const byTls: Target = { transport: 'tls', host: '192.0.2.10', port: 40_000, flow: 'tls:192.0.2.1:5061#1' };
  const sips = 'sips:a@192.0.2.10';
  const rows: readonly (readonly [
    what: string,
    changes: Parameters<typeof dialogOf>[0],
    flow: Target,
    addresses: Parameters<typeof contactIn>[1],
    contact: string | null,
  ])[] = [
    ['TLS without SIPS', {}, byTls, { tls }, '<sip:bob@192.0.2.1:5061;transport=tls>'],
    ['the Contact is SIPS', { Contact: `<${sips}>` }, byTls, { tls }, '<sips:bob@192.0.2.1:5061;transport=tcp>'],
    [
      'the top route is SIPS',
      { 'Record-Route': ['<sips:p2.example;lr>', '<sip:p1.example;lr>'] },
      byTls,
      { tls },
      '<sips:bob@192.0.2.1:5061;transport=tcp>',
    ],
    [
      'another route is, and the Contact, which a route makes of no account',
      { 'Record-Route': ['<sip:p2.example;lr>', '<sips:p1.example;lr>'], Contact: `<${sips}>` },
      byTls,
      { tls },
      '<sip:bob@192.0.2.1:5061;transport=tls>',
    ],
    [
      'SIPS by UDP, when we have TLS',
      { Contact: `<${sips}>` },
      udp,
      { ...us, tls },
      '<sips:bob@192.0.2.1:5061;transport=tcp>',
    ],
    [
      'WebSocket has one name for both of its kinds (RFC 7118)',
      {},
      { ...byTls, transport: 'wss' },
      { wss },
      '<sip:bob@192.0.2.1:443;transport=ws>',
    ],
    ['a transport that we do not listen on', {}, byTls, us, null],
  ];
  for (const [what, changes, flow, addresses, contact] of rows) {
    test(what, () => assert.equal(contactIn(dialogOf(changes, flow), addresses, 'bob'), contact));
  }
});
