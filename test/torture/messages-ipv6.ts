// The messages of RFC 5118, each by the name the RFC gives it, in the order of its sections, with line ends as in
// messages.ts. Content-Length is that of the body with CRLF: the RFC prints 268, 181 and 236, which fit no line end.
import { message } from './messages.ts';

const register = (uri: string, contactFirst = false): string => {
  const contact = 'Contact: "Caller" <sip:caller@[2001:db8::1]>\n';
  return `REGISTER ${uri} SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
${contactFirst ? contact : ''}Max-Forwards: 70
${contactFirst ? '' : contact}CSeq: 98176 REGISTER
Content-Length: 0

`;
};

const options = (host: string): string => `OPTIONS sip:user@${host} SIP/2.0
To: sip:user@${host}
From: sip:user@example.com;tag=810x2
Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111
Call-ID: G9559905523997077@hlau_4100
CSeq: 689 OPTIONS
Max-Forwards: 70
Content-Length: 0

`;

export const ipv6Messages = {
  'ipv6-good': message('4.1', 'Valid SIP message with an IPv6 reference', register('sip:[2001:db8::10]')),
  'ipv6-bad': message('4.2', 'Invalid SIP message with an IPv6 reference', register('sip:2001:db8::10')),
  'port-ambiguous': message('4.3', 'Port ambiguous in a SIP URI', register('sip:[2001:db8::10:5070]', true)),
  'port-unambiguous': message('4.4', 'Port unambiguous in a SIP URI', register('sip:[2001:db8::10]:5070', true)),
  'via-received-param-with-delim': message(
    '4.5',
    'IPv6 reference delimiters in Via header',
    `BYE sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com;tag=bd76ya
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
CSeq: 321 BYE
Content-Length: 0

`,
  ),
  'via-received-param-no-delim': message(
    '4.5',
    'IPv6 reference delimiters in Via header',
    `OPTIONS sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3
Call-ID: SSG95523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
CSeq: 921 OPTIONS
Content-Length: 0

`,
  ),
  'ipv6-in-sdp': message(
    '4.6',
    'SIP request with IPv6 addresses in Session Description Protocol (SDP) body',
    `INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::20]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 251

v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=IN IP6 2001:db8::20
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
`,
  ),
  'mult-ip-in-header': message(
    '4.7',
    'Multiple IP addresses in SIP headers',
    `BYE sip:user@host.example.net SIP/2.0
Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144
Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200
Call-ID: 997077@lau_4100
Max-Forwards: 70
CSeq: 89187 BYE
To: sip:user@example.net;tag=9817--94
From: sip:user@example.com;tag=81x2
Content-Length: 0

`,
  ),
  'mult-ip-in-sdp': message(
    '4.8',
    'Multiple IP addresses in SDP',
    `INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::9:1]>
Max-Forwards: 70
CSeq: 8912 INVITE
Content-Type: application/sdp
Content-Length: 189

v=0
o=bob 280744730 28977631 IN IP4 host.example.com
s=
t=0 0
m=audio 22334 RTP/AVP 0
c=IN IP4 192.0.2.1
m=video 6024 RTP/AVP 107
c=IN IP6 2001:db8::1
a=rtpmap:107 H263-1998/90000
`,
  ),
  'ipv4-mapped-ipv6': message(
    '4.9',
    'IPv4-mapped IPv6 addresses',
    `INVITE sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:user@east.example.com;tag=81x2
Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19
Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>
CSeq: 612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: 245

v=0
o=assistant 971731711378798081 0 IN IP6 ::ffff:192.0.2.2
s=Call me soon, please!
c=IN IP6 ::ffff:192.0.2.2
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
m=video 6024 RTP/AVP 107
a=rtpmap:107 H263-1998/90000
`,
  ),
  'ipv6-bug-abnf-3-colons': message('4.10', 'IPv6 reference bug in RFC 3261 ABNF', options('[2001:db8:::192.0.2.1]')),
  'ipv6-correct-abnf-2-colons': message(
    '4.10',
    'IPv6 reference bug in RFC 3261 ABNF',
    options('[2001:db8::192.0.2.1]'),
  ),
};
