// RFC 4475 and RFC 5118: each of their messages with our verdict. Where an RFC leaves a choice, the verdict says which
// one we made. Each message also goes over a stream, split at every byte.
// What the parser lets pass and a higher layer refuses is named in `then`, with the read that it refuses by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAddress, tagOf } from '../../src/sip/message/address.ts';
import { readChallenges } from '../../src/sip/message/digest.ts';
import { type Frame, StreamFramer } from '../../src/sip/message/framing.ts';
import { readContentType, readOptionTags, readVia } from '../../src/sip/message/headers.ts';
import { isRequest, type Message, type Request, type Response } from '../../src/sip/message/message.ts';
import { isFailure, parse, replyToFailure } from '../../src/sip/message/parse.ts';
import { answer } from '../../src/sip/message/sdp.ts';
import { readUri, type SipUri } from '../../src/sip/message/uri.ts';
import { messages as messages4475 } from './messages.ts';
import { ipv6Messages as messages5118 } from './messages-ipv6.ts';

const messages = { ...messages4475, ...messages5118 };

interface Parsed {
  readonly verdict: 'parsed';
  readonly then?: string;
  readonly check: (message: Message) => void;
}
interface Failed {
  readonly verdict: 400 | 505;
  readonly sentence: RegExp;
  readonly answered: boolean;
}

const parsed = (check: (message: Message) => void, then?: string): Parsed => ({
  verdict: 'parsed',
  check,
  ...(then && { then }),
});
const failed = (sentence: RegExp, verdict: 400 | 505 = 400): Failed => ({ verdict, sentence, answered: true });
const dropped = (sentence: RegExp): Failed => ({ verdict: 400, sentence, answered: false });

const asRequest = (message: Message): Request => {
  assert.ok(isRequest(message));
  return message;
};
const asResponse = (message: Message): Response => {
  assert.ok(!isRequest(message));
  return message as Response;
};

const sipUri = (text: string): SipUri => {
  const uri = readUri(text);
  assert.ok(uri && uri.scheme !== 'tel');
  return uri;
};
const local = { sessionId: '1', version: 1, address: '2001:db8::10', port: 40_000, direction: 'sendrecv' } as const;

const verdicts: Record<keyof typeof messages, Parsed | Failed> = {
  wsinv: parsed((message) => {
    assert.equal(asRequest(message).uri, 'sip:vivekg@chair-dnrc.example.com;unknownparam');
    assert.deepEqual(message.cseq, { number: 9, method: 'INVITE' });
    assert.equal(tagOf(message.to), '1918181833n');
    assert.equal(message.from.displayName, 'J Rosenberg \\"');
    assert.equal(tagOf(message.from), '98asjd8');
    const vias = message.values('Via').map((value) => readVia(value));
    assert.deepEqual(
      vias.map((via) => [via?.transport, via?.host, via?.branch]),
      [
        ['UDP', '192.0.2.2', '390skdjuw'],
        ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
        ['UDP', '192.168.255.111', 'z9hG4bK30239'],
      ],
    );
    assert.equal(message.get('Subject'), '');
    assert.equal(message.get('NewFangledHeader'), 'newfangled value continued newfangled value');
    assert.equal(message.get('UnknownHeaderWithUnusualValue'), ';;,,;;,;');
    const contact = readAddress(message.values('Contact')[0]!);
    assert.equal(contact?.displayName, 'Quoted string ""');
    assert.deepEqual(
      [...contact!.params],
      [
        ['newparam', 'newvalue'],
        ['secondparam', null],
        ['q', '0.33'],
      ],
    );
    assert.equal(message.body.length, 150);
  }),
  intmeth: parsed((message) => {
    assert.equal(asRequest(message).method, "!interesting-Method0123456789_*+`.%indeed'~");
    assert.equal(message.to.displayName, 'BEL:\x07 NUL:\0 DEL:\x7f');
    assert.equal(message.from.displayName, "token1~` token2'+_ token3*%!.-");
    assert.equal(tagOf(message.from), "_token~1'+`*%!-.");
    assert.equal(message.callId, 'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    assert.equal(message.via.branch, "z9hG4bK-.!%66*_+`'~");
    assert.ok(readUri(asRequest(message).uri));
  }, '501 by the endpoint, which knows the methods'),
  esc01: parsed((message) => {
    const uri = readUri(asRequest(message).uri);
    assert.ok(uri && uri.scheme === 'sip');
    assert.equal(uri.user, 'sips%3Auser%40example.com');
    assert.equal(message.from.uri, 'sip:I%20have%20spaces@example.net');
    assert.ok(readUri(readAddress(message.get('Contact')!)!.uri));
  }),
  escnull: parsed((message) => {
    assert.equal(message.to.uri, 'sip:null-%00-null@example.com');
    assert.deepEqual(message.all('Contact'), ['<sip:%00@host5.example.com>', '<sip:%00%00@host5.example.com>']);
  }),
  esc02: parsed((message) => {
    assert.equal(asRequest(message).method, 'RE%47IST%45R');
    assert.equal(message.to.displayName, '%Z%45');
    assert.deepEqual(message.all('Contact'), ['<sip:alias1@host1.example.com>', '<sip:alias3@host3.example.com>']);
    assert.equal(message.get('C%6Fntact'), '<sip:alias2@host2.example.com>');
  }, '501 by the endpoint: REGISTER is not meant'),
  lwsdisp: parsed((message) => assert.equal(message.from.displayName, 'caller')),
  longreq: parsed((message) => {
    assert.equal(message.all('Via').length, 34);
    assert.equal(message.via.host, 'sip33.example.com');
    assert.match(tagOf(message.from)!, /^12982982982/);
    assert.equal(message.body.length, 150);
  }),
  dblreq: parsed((message) => {
    assert.equal(asRequest(message).method, 'REGISTER');
    assert.equal(message.body, '');
  }, 'what follows the first message in a datagram is passed over'),
  semiuri: parsed((message) => {
    const uri = readUri(asRequest(message).uri);
    assert.ok(uri && uri.scheme === 'sip');
    assert.equal(uri.user, 'user;par=u%40example.net');
    assert.equal(message.values('Accept').length, 6);
  }),
  transports: parsed((message) => {
    const transports = message.values('Via').map((via) => readVia(via)?.transport);
    assert.deepEqual(transports, ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
  }),
  mpart01: parsed((message) => {
    assert.equal(message.body.length, 553);
    assert.deepEqual(readContentType(message.get('Content-Type')!), {
      type: 'multipart/mixed',
      params: new Map([['boundary', '7a9cbec02ceef655']]),
    });
  }),
  unreason: parsed((message) => {
    assert.equal(asResponse(message).status, 200);
    assert.match(
      Buffer.from(asResponse(message).reason, 'latin1').toString('utf8'),
      /^= 2\*\*3 \* 5\*\*2 но сто девяносто девять/,
    );
  }),
  noreason: parsed((message) => {
    assert.equal(asResponse(message).status, 100);
    assert.equal(asResponse(message).reason, '');
  }),
  badinv01: failed(/Via/),
  clerr: failed(/shorter than Content-Length/),
  ncl: failed(/Content-Length is not a number/),
  scalar02: failed(/CSeq/),
  scalarlg: dropped(/CSeq/),
  quotbal: failed(/To/),
  ltgtruri: failed(/Request-URI/),
  lwsruri: failed(/Request-URI/),
  lwsstart: failed(/Request-URI/),
  trws: failed(/version/),
  escruri: parsed((message) => {
    const uri = readUri(asRequest(message).uri);
    assert.ok(uri && uri.scheme === 'sip');
    assert.equal(uri.headers, 'Route=%3Csip:example.com%3E');
  }, '400 by the endpoint: a Request-URI has no headers'),
  baddate: parsed((message) => assert.equal(message.get('Date'), 'Fri, 01 Jan 2010 16:00:00 EST'), 'nobody reads Date'),
  regbadct: parsed((message) => assert.equal(readAddress(message.get('Contact')!), null), '400 by who reads Contact'),
  badaspec: failed(/To/),
  baddn: failed(/From/),
  badvers: failed(/version/, 505),
  mismatch01: failed(/CSeq/),
  mismatch02: failed(/CSeq/),
  bigcode: dropped(/status line/),
  badbranch: parsed((message) => assert.equal(message.via.branch, 'z9hG4bK'), 'matched as RFC 2543 did'),
  insuf: dropped(/From/),
  unkscm: parsed((message) => assert.equal(readUri(asRequest(message).uri), null), '416 by the endpoint'),
  novelsc: parsed((message) => assert.equal(readUri(asRequest(message).uri), null), '416 by the endpoint'),
  unksm2: parsed((message) => {
    assert.equal(message.to.uri, 'isbn:2983792873');
    assert.equal(message.from.uri, 'http://www.example.com');
  }, 'the scheme of To does not matter to an endpoint that is no registrar'),
  bext01: parsed((message) => {
    assert.deepEqual(message.values('Require').flatMap(readOptionTags), [
      'nothingsupportsthis',
      'nothingsupportsthiseither',
    ]);
  }, '420 by the endpoint'),
  invut: parsed((message) => {
    assert.equal(readContentType(message.get('Content-Type')!)?.type, 'application/unknownformat');
  }, '415 by the call'),
  regaut01: parsed((message) => assert.equal(message.get('Authorization'), 'NoOneKnowsThisScheme opaque-data=here')),
  multi01: failed(/only once/),
  mcl01: failed(/only once/),
  bcast: parsed(
    (message) => assert.equal(message.all('Via').length, 2),
    'dropped by the endpoint: the top Via is not ours, two are one too many',
  ),
  zeromf: parsed(
    (message) => assert.equal(message.get('Max-Forwards'), '0'),
    'answered by an endpoint, for it forwards nothing',
  ),
  cparam01: parsed((message) => assert.ok(readAddress(message.get('Contact')!)?.params.has('unknownparam'))),
  cparam02: parsed((message) => {
    const contact = readAddress(message.get('Contact')!)!;
    assert.equal(contact.params.size, 0);
    assert.ok(readUri(contact.uri)?.params.has('unknownparam'));
  }),
  regescrt: parsed((message) => {
    const uri = readUri(readAddress(message.get('Contact')!)!.uri);
    assert.ok(uri && uri.scheme === 'sip');
    assert.equal(uri.headers, 'Route=%3Csip:sip.example.com%3E');
  }),
  sdp01: parsed((message) => assert.equal(message.get('Accept'), 'text/nobodyKnowsThis'), '406 by the call'),
  inv2543: parsed((message) => {
    assert.equal(message.via.branch, null);
    assert.equal(tagOf(message.from), null);
    assert.deepEqual([...message.to.params], [['user', 'phone']]);
    assert.match(message.body, /^v=0/);
  }),
  'ipv6-good': parsed((message) => {
    const uri = sipUri(asRequest(message).uri);
    assert.deepEqual([uri.host, uri.port], ['[2001:db8::10]', null]);
    assert.deepEqual([message.via.host, message.via.port], ['[2001:db8::9:1]', null]);
    assert.equal(sipUri(readAddress(message.get('Contact')!)!.uri).host, '[2001:db8::1]');
  }),
  'ipv6-bad': parsed((message) => assert.equal(readUri(asRequest(message).uri), null), '400 by the endpoint'),
  'port-ambiguous': parsed((message) => {
    const uri = sipUri(asRequest(message).uri);
    assert.deepEqual([uri.host, uri.port], ['[2001:db8::10:5070]', null]);
  }, 'what stands within the brackets is address'),
  'port-unambiguous': parsed((message) => {
    const uri = sipUri(asRequest(message).uri);
    assert.deepEqual([uri.host, uri.port], ['[2001:db8::10]', 5070]);
  }),
  'via-received-param-with-delim': parsed((message) => assert.equal(message.via.received, '[2001:db8::9:255]')),
  'via-received-param-no-delim': parsed((message) => assert.equal(message.via.received, '2001:db8::9:255')),
  'ipv6-in-sdp': parsed((message) => {
    assert.equal(message.body.length, 251);
    assert.equal(answer(message.body, local), 'no-common-codec');
  }, '488 by the call, which does not speak G726'),
  'mult-ip-in-header': parsed((message) => {
    const vias = message.values('Via').map((value) => readVia(value));
    assert.deepEqual(
      vias.map((via) => [via?.transport, via?.host, via?.port, via?.received]),
      [
        ['UDP', '[2001:db8::9:1]', 6050, null],
        ['UDP', '192.0.2.1', null, null],
        ['TCP', '[2001:db8::9:255]', null, '192.0.2.200'],
      ],
    );
  }),
  'mult-ip-in-sdp': parsed((message) => {
    const answered = answer(message.body, local);
    assert.ok(typeof answered !== 'string');
    assert.deepEqual(answered.agreed.remote, { host: '192.0.2.1', port: 22_334 });
    assert.match(answered.sdp, /\r\nm=video 0 RTP\/AVP 107\r\n/);
  }),
  'ipv4-mapped-ipv6': parsed((message) => {
    const vias = message.values('Via').map((value) => readVia(value));
    assert.deepEqual(
      vias.map((via) => [via?.host, via?.port]),
      [
        ['[::ffff:192.0.2.10]', 19_823],
        ['[::ffff:192.0.2.2]', null],
      ],
    );
    assert.equal(sipUri(readAddress(message.get('Contact')!)!.uri).host, '[::ffff:192.0.2.2]');
  }),
  'ipv6-bug-abnf-3-colons': parsed((message) => {
    assert.equal(readUri(asRequest(message).uri), null);
    assert.equal(readUri(message.to.uri), null);
  }, '400 by the endpoint: three colons are no address that anybody could be sent to'),
  'ipv6-correct-abnf-2-colons': parsed((message) => {
    assert.equal(sipUri(asRequest(message).uri).host, '[2001:db8::192.0.2.1]');
  }),
};

for (const [name, verdict] of Object.entries(verdicts)) {
  const { section, title, text } = messages[name as keyof typeof messages];
  const rfc = name in messages4475 ? 4475 : 5118;
  test(`RFC ${rfc} §${section} ${name}: ${title}`, () => {
    const result = parse(text);
    if (verdict.verdict === 'parsed') {
      assert.ok(!isFailure(result), isFailure(result) ? result.failure : '');
      verdict.check(result);
      if (!isRequest(result)) assert.deepEqual(readChallenges(result), []);
    } else {
      assert.ok(isFailure(result));
      assert.equal(result.status, verdict.verdict);
      assert.match(result.failure, verdict.sentence);
      const reply = replyToFailure(result);
      assert.equal(reply !== null, verdict.answered);
      if (reply !== null) assert.ok(reply.startsWith(`SIP/2.0 ${verdict.verdict} `));
    }
  });
}

test('every message of RFC 4475 and RFC 5118 has a verdict: 49 and 12 in its 10 sections', () => {
  assert.deepEqual(Object.keys(verdicts), Object.keys(messages));
  assert.equal(Object.keys(messages4475).length, 49);
  assert.equal(Object.keys(messages5118).length, 12);
  assert.equal(new Set(Object.values(messages5118).map(({ section }) => section)).size, 10);
});

// Over a stream a message needs one Content-Length that is a number, or nobody knows where it ends (RFC 3261 §18.3).
const uncut: ReadonlySet<string> = new Set(['ncl', 'mcl01', 'inv2543']);

for (const [name, { text }] of Object.entries(messages)) {
  test(`${name} over a stream, split at every byte`, () => {
    const whole = texts(new StreamFramer().push(Buffer.from(text, 'latin1')));
    if (uncut.has(name)) assert.deepEqual(whole, ['failure 400']);
    else if (name === 'clerr') assert.deepEqual(whole, [], 'the stream waits for the rest of the body');
    else assert.ok(text.startsWith(String(whole[0])), whole[0] ?? 'nothing');
    for (let at = 1; at < text.length; at++) {
      const framer = new StreamFramer();
      const halves = [text.slice(0, at), text.slice(at)].map((half) => framer.push(Buffer.from(half, 'latin1')));
      assert.deepEqual(texts(halves.flat()), whole, `at ${at}`);
    }
  });
}

/** The messages and failures among frames; what a line end between messages counts as depends on how it is split. */
function texts(frames: readonly Frame[]): readonly string[] {
  return frames.flatMap((frame) => {
    if (frame.type === 'message') return [frame.bytes.toString('latin1')];
    return frame.type === 'failure' ? [`failure ${frame.failure.status}`] : [];
  });
}

test('RFC 4475 §3.1.1.8 dblreq on a stream is a message, a line end and another message', () => {
  const frames = new StreamFramer().push(Buffer.from(messages.dblreq.text, 'latin1'));
  assert.deepEqual(
    frames.slice(0, 3).map((frame) => frame.type),
    ['message', 'pong', 'message'],
  );
});
