// Truncated, oversized and hostile messages, each by the name of its fault and with its verdict: parsed, or a failure
// with its status, answered or not.
import { limits } from '../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawMessage, rawResponse } from '../support/messages.ts';

export interface Case {
  readonly text: string;
  /** As a datagram. */
  readonly datagram: 'parsed' | readonly [status: number, answered: boolean];
  /** What the stream gives: its frames by type, a failure with its status. */
  readonly stream: readonly string[];
}

// What most streams give: without Content-Length none can be cut, with it a bad message is cut off like a good one.
const none: readonly string[] = [];
const one = ['message'];
const broken = ['failure 400'];

const datagram = (text: string, verdict: Case['datagram'], stream: readonly string[] = broken): Case => ({
  text,
  datagram: verdict,
  stream,
});
/** An INVITE with these changes and a Content-Length of 0, so that streams can cut it off. */
const invite = (changes: Changes, verdict: Case['datagram'], stream: readonly string[] = one): Case =>
  datagram(rawInvite({ 'Content-Length': '0', ...changes }), verdict, stream);
const start = (line: string, verdict: Case['datagram'], stream: readonly string[] = one): Case =>
  datagram(rawMessage(line, { 'Content-Length': '0' }), verdict, stream);

export const whole = rawInvite({ 'Content-Length': '4' }, 'v=0\n');
const long = 'x'.repeat(limits.line);

export const cases: Readonly<Record<string, Case>> = {
  // Truncated
  'nothing at all': datagram('', [400, false], none),
  'one CRLF': datagram('\r\n', [400, false], ['pong']),
  'a keep-alive': datagram('\r\n\r\n', [400, false], ['ping']),
  'four zero bytes, as phones send to keep a NAT open': datagram('\0\0\0\0', [400, false]),
  'a method and no more': datagram('INVITE', [400, false], none),
  'half a request line': datagram('INVITE sip:bob@bil', [400, false], none),
  'a request line that does not end': datagram('INVITE sip:bob@biloxi.example SIP/2.0', [400, false], none),
  'a request line and no more': datagram('INVITE sip:bob@biloxi.example SIP/2.0\r\n', [400, false], none),
  'a request line and an empty line': datagram('INVITE sip:bob@biloxi.example SIP/2.0\r\n\r\n', [400, false]),
  'cut within a header name': datagram(whole.slice(0, whole.indexOf('Max-') + 2), [400, false], none),
  'cut within the last header field': datagram(whole.slice(0, whole.indexOf('\r\n\r\n') - 3), [400, true], none),
  'cut before the empty line': datagram(whole.slice(0, whole.indexOf('\r\n\r\n') + 2), [400, true], none),
  'cut within the empty line': datagram(whole.slice(0, whole.indexOf('\r\n\r\n') + 3), [400, true], none),
  'cut within the body': datagram(whole.slice(0, -1), [400, true], none),

  // The start line
  'an HTTP request': datagram('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n', [400, false]),
  'an HTTP response': datagram('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', [400, false], one),
  'a TLS client hello': datagram('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400, false]),
  'a STUN binding request': datagram('\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl', [400, false]),
  'a space before the method': start(' INVITE sip:bob@biloxi.example SIP/2.0', [400, false], broken),
  'a method that is no token': start('INV(TE sip:bob@biloxi.example SIP/2.0', [400, false]),
  'no Request-URI': start('INVITE SIP/2.0', [400, true]),
  'an empty Request-URI': start('INVITE  SIP/2.0', [400, true]),
  'a Request-URI without a scheme': start('INVITE bob SIP/2.0', [400, true]),
  'a Request-URI with a quote': start('INVITE sip:"bob"@biloxi.example SIP/2.0', [400, true]),
  'a Request-URI with a tab': start('INVITE sip:bob@biloxi.example\t SIP/2.0', [400, true]),
  'a Request-URI with a DEL': start('INVITE sip:bob\x7f@biloxi.example SIP/2.0', [400, true]),
  'a Request-URI that is too long': start(`INVITE sip:${long}@biloxi.example SIP/2.0`, [414, true]),
  'a reason phrase that is too long': start(`SIP/2.0 200 ${long}`, [513, false]),
  'no version': start('INVITE sip:bob@biloxi.example', [400, false]),
  'a version that is none': start('INVITE sip:bob@biloxi.example SIP/two', [400, false]),
  'version 3.0': start('INVITE sip:bob@biloxi.example SIP/3.0', [505, true]),
  'version 2.00': start('INVITE sip:bob@biloxi.example SIP/2.00', [505, true]),
  'an ACK of version 3.0': start('ACK sip:bob@biloxi.example SIP/3.0', [505, false]),
  'a status of two digits': start('SIP/2.0 20 OK', [400, false]),
  'a status of four digits': start('SIP/2.0 2000 OK', [400, false]),
  'a status of 099': start('SIP/2.0 099 Hm', [400, false]),
  'a status of 700': start('SIP/2.0 700 Hm', [400, false]),
  'a status that is a word': start('SIP/2.0 two hundred', [400, false]),
  'a status line of version 1.0': start('SIP/1.0 200 OK', [400, false]),

  // Lines
  'lines that end in LF': datagram(whole.replaceAll('\r\n', '\n'), [400, false], none),
  'lines that end in CR': datagram(whole.replaceAll('\r\n', '\r'), [400, false], none),
  'one line that ends in LF': datagram(
    rawInvite({ Subject: 'a\nContent-Length: 5', 'Content-Length': '0' }),
    [400, true],
    one,
  ),
  'a CR within a value': invite({ Subject: 'a\rb' }, [400, true]),
  'a CR at the end of a value': invite({ Subject: 'a\r' }, [400, true]),
  'a NUL within a value': invite({ Subject: 'a\0b' }, [400, true]),
  'a NUL within From': invite({ From: '<sip:alice\0@atlanta.example>;tag=1' }, [400, false]),
  'a NUL as a header name': invite({ '\0': 'a' }, [400, true]),
  'a line of only a colon': invite({ '': '' }, [400, true]),
  'a line without a colon': datagram(whole.replace('Max-Forwards: 70', 'Max-Forwards 70'), [400, true], one),
  'a header name of two words': invite({ 'Max Forwards': '70' }, [400, true]),
  'a header name with a byte of UTF-8': invite({ 'X-\xc3\xa9': '1' }, [400, true]),
  'a first header field that is folded': datagram(whole.replace('\r\nVia', '\r\n Via'), [400, false], one),
  'a header field that is too long': invite({ Subject: long }, [513, true]),
  'a folded header field that is too long': invite({ Subject: 'x\r\n '.repeat(limits.line / 4 + 1) }, [513, true]),
  'one header field too many': invite({ 'X-Filler': Array<string>(limits.fields).fill('') }, [513, true]),
  'ten thousand header fields': invite({ X: Array<string>(10_000).fill('') }, [513, true]),
  'a message that is too long': invite(
    { 'X-Filler': Array<string>(40).fill('x'.repeat(4_000)) },
    [513, true],
    ['failure 513'],
  ),

  // What must be there
  'no Via': invite({ Via: null }, [400, false]),
  'no From': invite({ From: null }, [400, false]),
  'no To': invite({ To: null }, [400, false]),
  'no Call-ID': invite({ 'Call-ID': null }, [400, false]),
  'no CSeq': invite({ CSeq: null }, [400, false]),
  'an empty Via': invite({ Via: '' }, [400, false]),
  'a Via of another protocol': invite({ Via: 'HTTP/2.0/TCP a;branch=z9hG4bK1' }, [400, true]),
  'a Via without a transport': invite({ Via: 'SIP/2.0 a;branch=z9hG4bK1' }, [400, true]),
  'a Via without a host': invite({ Via: 'SIP/2.0/UDP ;branch=z9hG4bK1' }, [400, true]),
  'a Via with port 65536': invite({ Via: 'SIP/2.0/UDP a:65536;branch=z9hG4bK1' }, [400, true]),
  'a Via with port -1': invite({ Via: 'SIP/2.0/UDP a:-1;branch=z9hG4bK1' }, [400, true]),
  'a Via with two branches': invite({ Via: 'SIP/2.0/UDP a;branch=z9hG4bK1;branch=z9hG4bK2' }, [400, true]),
  'a Via with an rport that is no port': invite({ Via: 'SIP/2.0/UDP a;rport=999999;branch=z9hG4bK1' }, [400, true]),
  'a Via with half a bracket': invite({ Via: 'SIP/2.0/UDP [::1;branch=z9hG4bK1' }, [400, true]),
  'a From without a URI': invite({ From: 'Alice' }, [400, true]),
  'a From that is not closed': invite({ From: '<sip:alice@atlanta.example;tag=1' }, [400, true]),
  'a From whose quote is not closed': invite({ From: '"Alice <sip:alice@atlanta.example>;tag=1' }, [400, true]),
  'a From whose quote ends in a backslash': invite({ From: '"Alice\\" <sip:alice@atlanta.example>;tag=1' }, [
    400,
    true,
  ]),
  'a From with two tags': invite({ From: '<sip:alice@atlanta.example>;tag=1;tag=2' }, [400, true]),
  'a From with an empty tag': invite({ From: '<sip:alice@atlanta.example>;tag=' }, [400, true]),
  'a From with text behind its parameters': invite({ From: '<sip:alice@atlanta.example>;tag=1 sip:eve@example.com' }, [
    400,
    true,
  ]),
  'a From with two addresses': invite({ From: '<sip:a@example.com>;tag=1, <sip:b@example.com>;tag=2' }, [400, true]),
  'a From of 4,000 opening quotes': invite({ From: '"'.repeat(4_001) }, [400, true]),
  'a From of 8,000 semicolons': invite({ From: `<sip:a@example.com>${';'.repeat(8_000)}` }, [400, true]),
  'a To that is a star': invite({ To: '*' }, [400, true]),
  'a To with a line of spaces in its URI': invite({ To: `<sip:bob@${' '.repeat(8_000)}>` }, [400, true]),
  'two From header fields': invite({ From: ['<sip:a@example.com>;tag=1', '<sip:b@example.com>;tag=2'] }, [400, true]),
  'two From header fields, one of them compact': invite({ f: '<sip:b@example.com>;tag=2' }, [400, true]),
  'two Call-IDs': invite({ 'Call-ID': ['a', 'a'] }, [400, true]),
  'two Refer-To': invite({ 'Refer-To': ['<sip:a@example.com>', '<sip:b@example.com>'] }, [400, true]),
  'a Call-ID of two words': invite({ 'Call-ID': 'a b' }, [400, true]),
  'a CSeq without a method': invite({ CSeq: '1' }, [400, true]),
  'a CSeq without a number': invite({ CSeq: 'INVITE' }, [400, true]),
  'a CSeq without a space': invite({ CSeq: '1INVITE' }, [400, true]),
  'a negative CSeq': invite({ CSeq: '-1 INVITE' }, [400, true]),
  'a CSeq of 2**31': invite({ CSeq: '2147483648 INVITE' }, [400, true]),
  'a CSeq of a thousand digits': invite({ CSeq: `${'9'.repeat(1_000)} INVITE` }, [400, true]),
  'a CSeq of a thousand zeros': invite({ CSeq: `${'0'.repeat(1_000)}7 INVITE` }, 'parsed'),
  'a CSeq of another method': invite({ CSeq: '1 BYE' }, [400, true]),
  'a CSeq of another case': invite({ CSeq: '1 invite' }, [400, true]),
  'a response without Call-ID': datagram(
    rawResponse(200, { 'Call-ID': null, 'Content-Length': '0' }),
    [400, false],
    one,
  ),

  // Length
  'a Content-Length of a word': invite({ 'Content-Length': 'none' }, [400, true], broken),
  'an empty Content-Length': invite({ 'Content-Length': '' }, [400, true], broken),
  'a negative Content-Length': invite({ 'Content-Length': '-1' }, [400, true], broken),
  'a Content-Length with a sign': invite({ 'Content-Length': '+0' }, [400, true], broken),
  'a Content-Length in hexadecimal': invite({ 'Content-Length': '0x10' }, [400, true], broken),
  'a Content-Length with a fraction': invite({ 'Content-Length': '0.0' }, [400, true], broken),
  'a Content-Length of two numbers': invite({ 'Content-Length': '0, 0' }, [400, true], broken),
  'a Content-Length of 2**64': invite({ 'Content-Length': '18446744073709551616' }, [400, true], broken),
  'a Content-Length of a thousand digits': invite({ 'Content-Length': '9'.repeat(1_000) }, [400, true], broken),
  'a Content-Length beyond what a body may measure': invite(
    { 'Content-Length': '999999999' },
    [413, true],
    ['failure 413'],
  ),
  'a Content-Length one too large': datagram(rawInvite({ 'Content-Length': '5' }, 'v=0\n'), [400, true], none),
  'two Content-Lengths': invite({ 'Content-Length': ['0', '0'] }, [400, true], broken),
  'two Content-Lengths, one of them compact': invite({ l: '0' }, [400, true], broken),
  'a body that is too long': datagram(rawInvite({}, 'x'.repeat(limits.body + 1)), [413, true]),
  'a body of NULs': datagram(rawInvite({ 'Content-Length': '4' }, '\0\0\0\0'), 'parsed', one),
  'a body that looks like another message': datagram(
    rawInvite({ 'Content-Length': String(whole.length) }, whole),
    'parsed',
    one,
  ),
  'no Content-Length': datagram(rawInvite(), 'parsed', broken),

  // Strange, and yet a message
  'a Content-Length that is folded': invite({ 'Content-Length': '\r\n 0' }, 'parsed'),
  'a folded line that looks like a header field': invite({ Subject: 'a\r\n Content-Length: 5' }, 'parsed'),
  'a folded line of spaces alone': invite({ Subject: 'a\r\n  \r\n b' }, 'parsed'),
  'a folded line of spaces at the end of a Via': invite(
    { Via: 'SIP/2.0/UDP a;branch=z9hG4bK1\r\n \r\n\t', CSeq: '1 BYE' },
    [400, true],
  ),
  'an empty value': invite({ Subject: '' }, 'parsed'),
  'LWS around the colon': invite({ 'Subject \t': '\t x \t' }, 'parsed'),
  'a thousand commas in an unknown header field': invite({ 'X-Commas': ','.repeat(1_000) }, 'parsed'),
  "a name that is everybody's prototype": invite({ constructor: 'x', toString: 'x' }, 'parsed'),
  'a display name of escapes': invite({ From: `"${'\\"'.repeat(1_000)}" <sip:a@example.com>;tag=1` }, 'parsed'),
  'seventy Vias in one header field': invite(
    { Via: Array<string>(70).fill('SIP/2.0/UDP a;branch=z9hG4bK1').join(',') },
    'parsed',
  ),
  'control characters in an unknown header field': invite({ 'X-Bell': '\x07\x1b[2J' }, 'parsed'),
  'line ends before the start line': datagram(`\r\n\r\n\r\n${whole}`, 'parsed', ['ping', 'pong', 'message']),
};
