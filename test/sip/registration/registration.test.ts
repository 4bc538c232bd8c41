import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request, Response, reply } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import {
  type Account,
  begin,
  deadlineOf,
  type Input,
  type Phase,
  type Registration,
  transition,
} from '../../../src/sip/registration/registration.ts';
import type { Outgoing } from '../../../src/sip/transaction/transactions.ts';

const account: Account = {
  name: 'pbx',
  aor: 'sip:1000@pbx.example',
  servers: ['sip:pbx.example', 'sip:198.51.100.2:5070;transport=tcp'],
  credentials: { username: '1000', password: 'secret' },
  realm: null,
  expires: 600,
};
const now = Date.UTC(2026, 0, 1);
const addresses = {
  udp: { transport: 'udp', host: '192.0.2.1', port: 5060 },
  tcp: { transport: 'tcp', host: '192.0.2.1', port: 5061 },
  tls: { transport: 'tls', host: '192.0.2.1', port: 5062 },
} as const;
const contact = '<sip:1000@192.0.2.1:5060;transport=udp>';

type Unstamped = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'seed' | 'addresses'> : never) : never;
type Headers = readonly (readonly [string, string])[];

/** A machine that is played by hand. */
function play(of: Account = account, sequence = { callId: 'ours', cseq: 0 }) {
  let state = begin(of, sequence);
  let seeds = 0;
  let at = now;
  let last: Request | null = null;
  const feed = (input: Unstamped): Outgoing | null => {
    const seed = `${(++seeds).toString(16).padStart(8, '0')}80000000`;
    const step = transition(of, state, { ...input, at, seed, addresses } as Input);
    state = step.state;
    if (step.send !== null) {
      const parsed = parse(step.send.text);
      assert.ok(parsed instanceof Request, 'what is sent can be read');
      last = parsed;
    }
    return step.send;
  };
  const branch = (): string => last?.via.branch ?? '';
  return {
    get state(): Registration {
      return state;
    },
    get request(): Request {
      return last!;
    },
    start: () => feed({ type: 'start' }),
    stop: () => feed({ type: 'stop' }),
    timeout: () => feed({ type: 'timeout', branch: branch() }),
    breaks: () => feed({ type: 'failed', branch: branch(), why: 'ECONNREFUSED' }),
    answer: (status: number, headers: Headers = []) => {
      const response = parse(reply(last!, status, { toTag: 't', headers }));
      assert.ok(response instanceof Response);
      return feed({ type: 'response', branch: branch(), response });
    },
    /** Passes the time until its deadline, and says how long that was in seconds. */
    wait: () => {
      const deadline = deadlineOf(state)!;
      const seconds = (deadline - at) / 1000;
      at = deadline;
      return [seconds, feed({ type: 'timer' })] as const;
    },
    pass: (ms: number) => {
      at += ms;
    },
    feed,
  };
}

const challenge = (nonce: string, more = ''): Headers => [
  ['WWW-Authenticate', `Digest realm="pbx", nonce="${nonce}", qop="auth"${more}`],
];

test('the REGISTER', () => {
  const { start, request: _, ...machine } = play();
  const sent = start()!;
  assert.deepEqual(sent.target, {
    transport: 'udp',
    host: 'pbx.example',
    port: 5060,
    open: 'transport',
  });
  assert.deepEqual(sent.text.split('\r\n'), [
    'REGISTER sip:pbx.example SIP/2.0',
    `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${sent.branch};rport`,
    'Max-Forwards: 70',
    'From: <sip:1000@pbx.example>;tag=0000000180000000',
    'To: <sip:1000@pbx.example>',
    'Call-ID: ours',
    'CSeq: 1 REGISTER',
    `Contact: ${contact}`,
    'Expires: 600',
    'Supported: path',
    'User-Agent: Switchhook',
    'Content-Length: 0',
    '',
    '',
  ]);
  assert.equal(machine.feed({ type: 'start' }), null, 'once');
});

test('granted, and refreshed before it ends, with the next CSeq of the same Call-ID', () => {
  const machine = play();
  machine.start();
  machine.answer(200, [['Contact', `${contact};expires=600`]]);
  assert.equal(machine.state.granted?.expiresAt, now + 600_000);
  const [seconds, sent] = machine.wait();
  assert.ok(seconds >= 480 && seconds <= 540, `${seconds}`);
  assert.match(sent!.text, /\r\nCall-ID: ours\r\nCSeq: 2 REGISTER\r\n/);
  assert.equal(machine.state.granted?.expiresAt, now + 600_000, 'it is still registered');
});

const grants: readonly (readonly [name: string, headers: Headers, seconds: number])[] = [
  [
    'what stands at our contact',
    [
      ['Contact', `<sip:other@192.0.2.9>;expires=7, ${contact};expires=300`],
      ['Expires', '9'],
    ],
    300,
  ],
  [
    'what stands in Expires',
    [
      ['Contact', contact],
      ['Expires', '200'],
    ],
    200,
  ],
  ['what was asked for, where nothing is said', [], 600],
  [
    'what stands at our contact as they write it',
    [['Contact', '<sip:1000@192.0.2.1:5060;transport=UDP;ob>;expires=77']],
    77,
  ],
];
for (const [name, headers, seconds] of grants) {
  test(`granted for ${name}`, () => {
    const machine = play();
    machine.start();
    machine.answer(200, headers);
    assert.equal(machine.state.granted?.expiresAt, now + seconds * 1000);
  });
}

test('Service-Route is kept (RFC 3608)', () => {
  const machine = play();
  machine.start();
  machine.answer(200, [['Service-Route', '<sip:p1.example;lr>, <sip:p2.example;lr>']]);
  assert.deepEqual(machine.state.granted?.serviceRoute, ['<sip:p1.example;lr>', '<sip:p2.example;lr>']);
});

test('challenged: answered, and the next time unasked with a count that rises', () => {
  const machine = play();
  machine.start();
  assert.match(
    machine.answer(401, challenge('n1'))!.text,
    /\r\nCSeq: 2 REGISTER\r\n[\s\S]*nonce="n1"[\s\S]*nc=00000001/,
  );
  machine.answer(200);
  assert.match(machine.wait()[1]!.text, /\r\nCSeq: 3 REGISTER\r\n[\s\S]*nonce="n1"[\s\S]*nc=00000002/);
  assert.match(machine.answer(401, challenge('n2', ', stale=true'))!.text, /nonce="n2"[\s\S]*nc=00000001/);
});

test('a proxy and the registrar may both ask', () => {
  const machine = play();
  machine.start();
  machine.answer(407, [['Proxy-Authenticate', 'Digest realm="edge", nonce="p", qop="auth"']]);
  const sent = machine.answer(401, challenge('n1'))!;
  assert.match(sent.text, /\r\nProxy-Authorization: /);
  assert.match(sent.text, /\r\nAuthorization: /);
});

test('the wrong password: no third try, a wait', () => {
  const machine = play();
  machine.start();
  machine.answer(401, challenge('n1'));
  assert.equal(machine.answer(401, challenge('n2')), null);
  assert.deepEqual(machine.state.phase, {
    name: 'waiting',
    retryAt: now + 45_000,
    why: 'the credentials were refused',
  });
});

test('another realm than the account knows is told nothing', () => {
  const machine = play({ ...account, realm: 'other' });
  machine.start();
  assert.equal(machine.answer(401, challenge('n1')), null);
  assert.equal(machine.state.phase.name, 'waiting');
});

test('asked for credentials there are none of', () => {
  const machine = play({ ...account, credentials: null });
  machine.start();
  assert.equal(machine.answer(401, challenge('n1')), null);
  assert.equal(machine.state.phase.name, 'waiting');
});

test('423: again at once, for as long as the server wants (§10.2.8)', () => {
  const machine = play();
  machine.start();
  assert.match(machine.answer(423, [['Min-Expires', '1800']])!.text, /\r\nExpires: 1800\r\n/);
  assert.equal(machine.answer(423, [['Min-Expires', '1800']]), null, 'a server that is not content with that');
});

for (const [name, fail] of [
  ['no answer', (machine: ReturnType<typeof play>) => machine.timeout()],
  ['no connection', (machine: ReturnType<typeof play>) => machine.breaks()],
  ['503', (machine: ReturnType<typeof play>) => machine.answer(503)],
] as const) {
  test(`${name}: the next server at once, and when both have failed a wait, and the first`, () => {
    const machine = play();
    machine.start();
    const sent = fail(machine)!;
    assert.deepEqual(sent.target, { transport: 'tcp', host: '198.51.100.2', port: 5070 });
    assert.match(
      sent.text,
      /^REGISTER sip:198\.51\.100\.2:5070;transport=tcp SIP[\s\S]*Via: SIP\/2\.0\/TCP 192\.0\.2\.1:5061/,
    );
    assert.equal(fail(machine), null);
    assert.equal(machine.state.phase.name, 'waiting');
    assert.equal(machine.wait()[1]?.target.host, 'pbx.example');
  });
}

test('the server that took over stays in use', () => {
  const machine = play();
  machine.start();
  machine.timeout();
  machine.answer(200);
  assert.equal(machine.state.granted?.server, account.servers[1]);
  assert.equal(machine.wait()[1]?.target.host, '198.51.100.2');
});

test('waits grow up to half an hour, with chance in them (RFC 5626 §4.5)', () => {
  const machine = play({ ...account, servers: ['sip:pbx.example'] });
  machine.start();
  const waits = Array.from({ length: 9 }, () => {
    machine.answer(403);
    return machine.wait()[0];
  });
  assert.deepEqual(waits, [45, 90, 180, 360, 720, 1350, 1350, 1350, 1350]);
  machine.answer(200);
  assert.equal(machine.state.failures, 0);
});

test('Retry-After is the least', () => {
  const machine = play();
  machine.start();
  machine.answer(486, [['Retry-After', '999 (busy)']]);
  assert.equal(machine.wait()[0], 999);
});

test('while it is refreshed in vain it is registered until it ends', () => {
  const machine = play({ ...account, servers: ['sip:pbx.example'] });
  machine.start();
  machine.answer(200);
  machine.wait();
  machine.timeout();
  assert.equal(machine.state.granted?.expiresAt, now + 600_000);
  machine.pass(600_000);
  machine.feed({ type: 'timer' });
  assert.equal(machine.state.granted, null);
});

test('stopped: the registration is ended, credentials and all', () => {
  const machine = play();
  machine.start();
  machine.answer(200);
  assert.match(machine.stop()!.text, /\r\nExpires: 0\r\n/);
  assert.match(machine.answer(401, challenge('n'))!.text, /\r\nExpires: 0\r\n[\s\S]*nonce="n"/);
  assert.equal(machine.answer(200), null);
  assert.deepEqual(
    [machine.state.phase.name, machine.state.granted, deadlineOf(machine.state)],
    ['stopped', null, null],
  );
});

test('stopped while a REGISTER is on its way: its answer is waited for (§10.2)', () => {
  const machine = play();
  machine.start();
  assert.equal(machine.stop(), null);
  assert.match(machine.answer(200)!.text, /\r\nExpires: 0\r\n/);
  machine.timeout();
  assert.equal(machine.state.phase.name, 'stopped');
});

test('stopped with nothing registered, or with nobody who answers', () => {
  const idle = play();
  assert.equal(idle.stop(), null);
  assert.equal(idle.state.phase.name, 'stopped');
  const trying = play();
  trying.start();
  trying.stop();
  assert.equal(trying.timeout(), null);
  assert.equal(trying.state.phase.name, 'stopped');
});

test('every state takes every input, and is plain data', () => {
  const states: (readonly [name: Phase['name'], reach: (machine: ReturnType<typeof play>) => void])[] = [
    ['idle', () => {}],
    ['trying', (machine) => machine.start()],
    ['registered', (machine) => [machine.start(), machine.answer(200)]],
    ['waiting', (machine) => [machine.start(), machine.answer(403)]],
    ['stopped', (machine) => machine.stop()],
  ];
  for (const [name, reach] of states) {
    const inputs: ((machine: ReturnType<typeof play>) => unknown)[] = [
      (machine) => machine.start(),
      (machine) => machine.stop(),
      (machine) => machine.feed({ type: 'timer' }),
      (machine) => machine.feed({ type: 'timeout', branch: 'another' }),
      (machine) => machine.feed({ type: 'failed', branch: 'another', why: '' }),
    ];
    for (const input of inputs) {
      const machine = play();
      reach(machine);
      assert.equal(machine.state.phase.name, name);
      input(machine);
      assert.deepEqual(JSON.parse(JSON.stringify(machine.state)), machine.state);
    }
  }
});

test("a provisional answer changes nothing, and a late one is nobody's", () => {
  const machine = play();
  machine.start();
  const { state } = machine;
  assert.equal(machine.answer(100), null);
  assert.equal(machine.state, state);
  machine.answer(200);
  const registered = machine.state;
  machine.answer(403);
  machine.timeout();
  assert.equal(machine.state, registered);
});

test('a Contact that was registered as another one: DNS has said TLS, and the registrar names us by that', () => {
  const machine = play();
  machine.start();
  machine.answer(200, [
    ['Contact', `${contact};expires=20`],
    ['Contact', '<sip:1000@192.0.2.1:5062;transport=tls>;expires=300'],
  ]);
  const { granted } = machine.state;
  assert.equal(granted?.contact, 'sip:1000@192.0.2.1:5062;transport=tls');
  assert.equal(granted.expiresAt, now + 300_000);
});

test('over TLS: Via says so, and the Contact of a SIPS address-of-record is SIPS too (RFC 3261 §10.2.1)', () => {
  for (const [scheme, contact] of [
    ['sip', '<sip:1000@192.0.2.1:5062;transport=tls>'],
    ['sips', '<sips:1000@192.0.2.1:5062;transport=tcp>'],
  ] as const) {
    const machine = play({ ...account, aor: `${scheme}:1000@pbx.example`, servers: ['sips:pbx.example'] });
    const sent = machine.start();
    assert.equal(sent?.target.transport, 'tls');
    assert.match(machine.request.get('Via') ?? '', /^SIP\/2\.0\/TLS 192\.0\.2\.1:5062;branch=z9hG4bK\w+;rport;alias$/);
    assert.equal(machine.request.get('Contact'), contact);
  }
});
