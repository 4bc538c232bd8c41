// Bodies of the API read into commands: where the headers of a refer go, what is refused and where it points.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Bodies, Command, NamedValue } from '../../src/call/commands.ts';
import { type ReadAction, readCommand } from '../../src/call/reading.ts';
import type { HeaderPlacement, ReferSettings } from '../../src/call/routing.ts';
import type { Refusal } from '../../src/errors.ts';
import { settings, target } from './support.ts';

function read<A extends ReadAction>(action: A, body: Bodies[A], own: Partial<ReferSettings> = {}): Command {
  const result = readCommand(action, body, { ...settings, ...own });
  assert.ok('command' in result, JSON.stringify(result));
  return result.command;
}

function refused<A extends ReadAction>(action: A, body: Bodies[A]): readonly Refusal[] {
  const result = readCommand(action, body, settings);
  assert.ok('refusals' in result, JSON.stringify(result));
  return result.refusals;
}

function refer(body: Partial<Bodies['refer']> = {}, own: Partial<ReferSettings> = {}) {
  const command = read('refer', { sip_address: target, ...body }, own);
  assert.ok(command.name === 'refer');
  return command;
}

const pointers = (refusals: readonly Refusal[]) => refusals.map(({ name, pointer }) => `${name} ${pointer}`);
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const account: NamedValue = { name: 'X-Account', value: '42' };

suite('where the headers of a refer go', () => {
  const placed = (placement: HeaderPlacement, sip_address = target) => {
    const { order } = refer({ sip_address, custom_headers: [account], refer_header_placement: placement });
    return { referTo: order.referTo, headers: order.headers };
  };
  const rows: readonly (readonly [HeaderPlacement, sipAddress: string, referTo: string, onRefer: boolean])[] = [
    ['both', target, `${target}?X-Account=42`, true],
    ['refer', target, target, true],
    ['refer-to', target, `${target}?X-Account=42`, false],
    ['both', `${target}?X-B=1`, `${target}?X-B=1&X-Account=42`, true],
    ['refer-to', `${target}?X-B=1&`, `${target}?X-B=1&X-Account=42`, false],
    ['refer-to', `${target}?`, `${target}?X-Account=42`, false],
    ['refer', `${target}?Replaces=a%3Bb`, `${target}?Replaces=a%3Bb`, true],
    ['both', 'sips:bob@biloxi.example;transport=tcp', 'sips:bob@biloxi.example;transport=tcp?X-Account=42', true],
    ['both', 'tel:+13125550100', 'tel:+13125550100', true],
    ['refer', 'tel:+13125550100', 'tel:+13125550100', true],
    ['refer-to', 'tel:+13125550100', 'tel:+13125550100', true],
    ['refer-to', 'TEL:+13125550100;ext=7', 'TEL:+13125550100;ext=7', true],
  ];
  for (const [placement, sipAddress, referTo, onRefer] of rows) {
    test(`${placement}: ${sipAddress}`, () => {
      assert.deepEqual(placed(placement, sipAddress), { referTo, headers: onRefer ? [account] : [] });
    });
  }

  test('the command wins over the application', () => {
    const own = { headerPlacement: 'refer' } as const;
    assert.equal(refer({ custom_headers: [account] }, own).order.referTo, target);
    const command = refer({ custom_headers: [account], refer_header_placement: 'refer-to' }, own);
    assert.deepEqual(command.order.headers, []);
  });

  test('a 302 has the URI alone to carry them, whatever the placement', () => {
    for (const placement of ['both', 'refer', 'refer-to'] as const) {
      const { redirectTo } = refer({ custom_headers: [account], refer_header_placement: placement });
      assert.equal(redirectTo, `${target}?X-Account=42`);
    }
    assert.equal(refer({ sip_address: 'tel:+1', custom_headers: [account] }).redirectTo, 'tel:+1');
  });

  test('custom_headers go before sip_headers, repeated ones stay repeated', () => {
    const uui = (value: string): NamedValue => ({ name: 'User-to-User', value });
    const { order } = refer({ custom_headers: [account], sip_headers: [uui('1'), uui('2')] });
    assert.deepEqual(order.headers, [account, uui('1'), uui('2')]);
    assert.equal(order.referTo, `${target}?X-Account=42&User-to-User=1&User-to-User=2`);
  });
});

suite('whose place the peer is to take', () => {
  const attended = { call: 'v3:other', target: 'sip:bob@192.0.2.20', replaces: 'a@b;to-tag=1;from-tag=2' };
  const of = (body: Bodies['refer']) => readCommand('refer', body, settings, attended);

  test('stands in Refer-To in front of every other header, whatever their placement', () => {
    const rows: readonly (readonly [Bodies['refer'], referTo: string])[] = [
      [{}, 'sip:bob@192.0.2.20?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2'],
      [{ sip_address: `${target}?X-B=1` }, `${target}?X-B=1&Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2`],
      [
        { custom_headers: [account], refer_header_placement: 'refer' },
        'sip:bob@192.0.2.20?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2',
      ],
      [
        { custom_headers: [account], refer_header_placement: 'refer-to' },
        'sip:bob@192.0.2.20?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&X-Account=42',
      ],
    ];
    for (const [body, referTo] of rows) {
      const result = of(body);
      assert.ok('command' in result && result.command.name === 'refer');
      assert.deepEqual([result.command.order.referTo, result.command.order.replaces], [referTo, 'v3:other']);
    }
  });

  test('cannot be said by a tel: URI, nor twice, nor without an address and a call', () => {
    for (const sip_address of ['tel:+13125550100', `${target}?Replaces=x`, `${target}?X-B=1&replaces=x`, 'nonsense']) {
      const result = of({ sip_address });
      assert.ok('refusals' in result, sip_address);
      assert.deepEqual(pointers(result.refusals), ['invalid-value /sip_address']);
    }
    assert.deepEqual(pointers(refused('refer', {})), ['missing-parameter /sip_address']);
  });
});

suite('escapes in Refer-To', () => {
  const rows: readonly (readonly [value: string, escaped: string])[] = [
    ['3132;encoding=hex;purpose=isdn-uui', '3132%3Bencoding%3Dhex%3Bpurpose%3Disdn-uui'],
    ['a b', 'a%20b'],
    ['a&b=c', 'a%26b%3Dc'],
    ['"quoted"', '%22quoted%22'],
    ['<sip:a@b>', '%3Csip:a%40b%3E'],
    ['50%', '50%25'],
    ['[x]/y?z:+$', '[x]/y?z:+$'],
    ["-_.!~*'()", "-_.!~*'()"],
    ['Zoë', 'Zo%C3%AB'],
    ['a,b', 'a%2Cb'],
    ['#', '%23'],
  ];
  for (const [value, escaped] of rows) {
    test(`${value} → ${escaped}`, () => {
      const { order } = refer({ custom_headers: [{ name: 'X-A', value }] });
      assert.equal(order.referTo, `${target}?X-A=${escaped}`);
      assert.deepEqual(order.headers, [{ name: 'X-A', value: bytes(value) }]);
    });
  }
  test('in a name', () => {
    assert.equal(refer({ custom_headers: [{ name: 'X%A', value: '1' }] }).order.referTo, `${target}?X%25A=1`);
  });
});

suite('targets', () => {
  const taken: readonly (readonly [sipAddress: string, referTo: string])[] = [
    ['sip:bob@biloxi.example', 'sip:bob@biloxi.example'],
    ['sip:bob@biloxi.example:5070;transport=tcp;x=%3B', 'sip:bob@biloxi.example:5070;transport=tcp;x=%3B'],
    ['SIPS:Bob@Biloxi.Example', 'SIPS:Bob@Biloxi.Example'],
    ['sip:biloxi.example', 'sip:biloxi.example'],
    ['sip:bob@[2001:db8::1]:5060', 'sip:bob@[2001:db8::1]:5060'],
    ['sip:+1312;phone-context=x@biloxi.example;user=phone', 'sip:+1312;phone-context=x@biloxi.example;user=phone'],
    ['tel:+1-312-555-0100', 'tel:+1-312-555-0100'],
    ['tel:911', 'tel:911'],
    ['"Bob, of Biloxi" <sip:bob@biloxi.example>', 'sip:bob@biloxi.example'],
    ['Bob <sip:bob@biloxi.example;lr>;tag=dropped', 'sip:bob@biloxi.example;lr'],
    ['<tel:+1312>', 'tel:+1312'],
    ['sip:zoë@biloxi.example', bytes('sip:zoë@biloxi.example')],
  ];
  for (const [sipAddress, referTo] of taken) {
    test(`${sipAddress} is sent as ${referTo}`, () => {
      assert.equal(refer({ sip_address: sipAddress }).order.referTo, referTo);
    });
  }
  const others = [
    ...[
      '+13125550100',
      'bob',
      'bob@biloxi.example',
      'http://biloxi.example',
      'mailto:bob@biloxi.example',
      'sip:',
      'tel:',
    ],
    ...[
      'sip:bob@',
      'sip:bob@bil oxi',
      ' sip:bob@biloxi.example',
      'sip:bob@biloxi.example ',
      'sip:b@c:99999',
      'sip:b@[::g]',
    ],
    ...[
      '<sip:bob@biloxi.example',
      'sip:bob@biloxi.example>',
      '<>',
      'sip:%zz@biloxi.example',
      'sip:b@c\r\nX: y',
      'sip:b"@c',
    ],
    ...['tel:+', 'tel:+1?X=1', '"Bob" <http://biloxi.example>', ''],
  ];
  for (const sipAddress of others) {
    test(`${JSON.stringify(sipAddress)} is refused`, () => {
      assert.deepEqual(pointers(refused('refer', { sip_address: sipAddress })), ['invalid-value /sip_address']);
    });
  }
});

suite('headers an application may not set', () => {
  const names = [
    ...[
      'Via',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Contact',
      'Route',
      'Record-Route',
      'Max-Forwards',
      'Refer-To',
      'Refer-Sub',
    ],
    ...[
      'Event',
      'Subscription-State',
      'Authorization',
      'Proxy-Authorization',
      'Require',
      'Supported',
      'Allow',
      'Replaces',
    ],
    ...['Content-Type', 'Content-Length', 'Content-Encoding', 'Content-Disposition', 'content-anything'],
  ];
  const compact = ['v', 'f', 't', 'i', 'm', 'l', 'c', 'e', 'o', 'r', 'k', 'V', 'K'];
  for (const name of [...names, ...names.map((one) => one.toUpperCase()), ...compact]) {
    test(name, () => {
      for (const placement of ['both', 'refer', 'refer-to'] as const) {
        const custom_headers = [account, { name, value: 'x' }];
        const body = { sip_address: target, custom_headers, refer_header_placement: placement };
        assert.deepEqual(pointers(refused('refer', body)), ['invalid-value /custom_headers/1/name']);
      }
      assert.equal(refused('hangup', { custom_headers: [{ name, value: 'x' }] }).length, 1);
      assert.equal(refused('answer', { custom_headers: [{ name, value: 'x' }] }).length, 1);
    });
  }
  for (const name of [
    'X-Account',
    'Diversion',
    'P-Asserted-Identity',
    'User-to-User',
    'Reason',
    'Subject',
    's',
    'Contactless',
  ]) {
    test(`${name} it may`, () =>
      assert.deepEqual(refer({ custom_headers: [{ name, value: 'x' }] }).order.headers[0]?.name, name));
  }
});

suite('bad headers', () => {
  const rows: readonly (readonly [NamedValue, pointer: string])[] = [
    [{ name: 'X A', value: '1' }, 'name'],
    [{ name: 'X:A', value: '1' }, 'name'],
    [{ name: '', value: '1' }, 'name'],
    [{ name: 'X-Ä', value: '1' }, 'name'],
    [{ name: 'X\r\nA', value: '1' }, 'name'],
    [{ name: 'X-A', value: 'a\r\nVia: x' }, 'value'],
    [{ name: 'X-A', value: 'a\nb' }, 'value'],
    [{ name: 'X-A', value: 'a\rb' }, 'value'],
    [{ name: 'X-A', value: 'a\0b' }, 'value'],
  ];
  for (const [header, at] of rows) {
    test(JSON.stringify(header), () => {
      const refusals = refused('refer', { sip_address: target, sip_headers: [header] });
      assert.deepEqual(pointers(refusals), [`invalid-value /sip_headers/0/${at}`]);
    });
  }
  test('all that is wrong is told at once', () => {
    const custom_headers = [account, { name: 'Via', value: 'a\nb' }];
    const body = { sip_address: '+1312', custom_headers, sip_auth_password: 'secret' };
    assert.deepEqual(pointers(refused('refer', body)), [
      'invalid-value /sip_address',
      'invalid-value /custom_headers/1/name',
      'invalid-value /custom_headers/1/value',
      'missing-parameter /sip_auth_username',
    ]);
  });
});

suite('Referred-By', () => {
  test('is ours unless a header says otherwise, and stands on the REFER alone', () => {
    assert.equal(refer().order.referredBy, null);
    for (const name of ['Referred-By', 'referred-by', 'b']) {
      const { order } = refer({ custom_headers: [account, { name, value: '<sip:desk@biloxi.example>' }] });
      assert.equal(order.referredBy, '<sip:desk@biloxi.example>');
      assert.deepEqual(order.headers, [account]);
      assert.equal(order.referTo, `${target}?X-Account=42`);
    }
  });
  test('of several the last one counts', () => {
    const custom_headers = ['<sip:a@b>', '<sip:c@d>'].map((value) => ({ name: 'Referred-By', value }));
    assert.equal(refer({ custom_headers }).order.referredBy, '<sip:c@d>');
  });
});

suite('the knobs of a refer', () => {
  test('come from the application', () => {
    const { order, timeoutMs, beforeAnswer } = refer(
      {},
      { firstNotifyTimeoutMs: 1, timeoutMs: 2, byeGraceMs: 3, beforeAnswer: 'redirect' },
    );
    assert.deepEqual([order.firstNotifyTimeoutMs, timeoutMs, order.byeGraceMs, beforeAnswer], [1, 2, 3, 'redirect']);
  });
  test('or from the command, 0 included', () => {
    const body = {
      refer_first_notify_timeout_ms: 0,
      refer_timeout_ms: 5,
      refer_bye_grace_ms: 0,
      refer_before_answer: 'refuse',
    } as const;
    const { order, timeoutMs, beforeAnswer } = refer(body);
    assert.deepEqual([order.firstNotifyTimeoutMs, timeoutMs, order.byeGraceMs, beforeAnswer], [0, 5, 0, 'refuse']);
  });
  test('credentials', () => {
    assert.equal(refer().credentials, null);
    assert.deepEqual(refer({ sip_auth_username: 'zoë', sip_auth_password: 'pässword' }).credentials, {
      username: bytes('zoë'),
      password: bytes('pässword'),
    });
    assert.deepEqual(refer({ sip_auth_username: 'zoe' }).credentials, { username: 'zoe', password: '' });
    assert.deepEqual(pointers(refused('refer', { sip_address: target, sip_auth_password: 'secret' })), [
      'missing-parameter /sip_auth_username',
    ]);
  });
  test('no refusal repeats a password', () => {
    const body = { sip_address: 'nowhere', sip_auth_password: 'secret' };
    assert.doesNotMatch(JSON.stringify(refused('refer', body)), /secret/);
  });
});

suite('the other commands', () => {
  const uui = { name: 'User-to-User', value: '3132;encoding=hex' };
  const rows: readonly (readonly [command: Command, expected: Command])[] = [
    [read('answer', {}), { name: 'answer', clientState: null, headers: [], preferredCodecs: null }],
    [
      read('answer', { custom_headers: [account], sip_headers: [uui], preferred_codecs: 'PCMA', client_state: 'eA==' }),
      { name: 'answer', clientState: 'eA==', headers: [account, uui], preferredCodecs: 'PCMA' },
    ],
    [read('reject', { cause: 'CALL_REJECTED' }), { name: 'reject', clientState: null, status: 603 }],
    [read('reject', { cause: 'USER_BUSY' }), { name: 'reject', clientState: null, status: 486 }],
    [read('hangup', { custom_headers: [account] }), { name: 'hangup', clientState: null, headers: [account] }],
    [
      read('enqueue', { queue_name: 'support', max_wait_time_secs: 60, keep_after_hangup: true }),
      { name: 'enqueue', clientState: null, queue: 'support', maxWaitMs: 60_000, keepAfterHangup: true },
    ],
    [read('leave_queue', { client_state: 'eA==' }), { name: 'leave_queue', clientState: 'eA==' }],
    [read('client_state_update', { client_state: 'eA==' }), { name: 'client_state_update', clientState: 'eA==' }],
    [
      read('send_sip_info', { content_type: 'application/dtmf-relay; x=y', body: 'Signal=5\r\n☎' }),
      {
        name: 'send_sip_info',
        clientState: null,
        contentType: 'application/dtmf-relay; x=y',
        body: bytes('Signal=5\r\n☎'),
      },
    ],
  ];
  for (const [command, expected] of rows) test(command.name, () => assert.deepEqual(command, expected));

  for (const contentType of [
    'text',
    'text/',
    '/plain',
    'text/pl ain',
    'a/b/c',
    'text/plain\r\nX: y',
    'text/plain; a=b\nc',
    '',
  ]) {
    test(`send_sip_info with ${JSON.stringify(contentType)} is refused`, () => {
      const refusals = refused('send_sip_info', { content_type: contentType, body: 'x' });
      assert.deepEqual(pointers(refusals), ['invalid-value /content_type']);
    });
  }
});
