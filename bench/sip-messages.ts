// What every subject of bench:sip is given: messages of a carrier's call as they come over the wire.

function message(head: string, body = ''): string {
  return `${head.trim()}\nContent-Length: ${body.replaceAll('\n', '\r\n').length}\n\n${body}`.replaceAll('\n', '\r\n');
}

const sdp = `v=0
o=carrier 53655765 2353687637 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 40000 RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:40
a=sendrecv
`;

export const messages = {
  INVITE: message(
    `INVITE sip:+15557654321@198.51.100.7:5060;transport=udp SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---a1b2c3d4e5f60718;rport
Max-Forwards: 69
Contact: <sip:+15551234567@192.0.2.10:5060;transport=udp>
To: <sip:+15557654321@198.51.100.7:5060>
From: "Carrier Caller" <sip:+15551234567@192.0.2.10>;tag=9fxced76sl
Call-ID: 3848276298220188511@192.0.2.10
CSeq: 1 INVITE
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY
Supported: replaces, timer
Session-Expires: 1800;refresher=uac
User-Agent: carrier-sbc/7.4.2
P-Asserted-Identity: <sip:+15551234567@192.0.2.10;user=phone>
X-Trunk-Group: tg-inbound-eu-west-01
Content-Type: application/sdp`,
    sdp,
  ),
  '200': message(
    `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---a1b2c3d4e5f60718;rport=5060;received=192.0.2.10
From: "Carrier Caller" <sip:+15551234567@192.0.2.10>;tag=9fxced76sl
To: <sip:+15557654321@198.51.100.7:5060>;tag=8321234356
Call-ID: 3848276298220188511@192.0.2.10
CSeq: 1 INVITE
Contact: <sip:app@198.51.100.7:5060;transport=udp>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY
Supported: replaces, timer
Content-Type: application/sdp`,
    sdp,
  ),
  REFER: message(`REFER sip:+15551234567@192.0.2.10:5060;transport=udp SIP/2.0
Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKnashds8a0b1c2d3e4f;rport
Max-Forwards: 70
To: "Carrier Caller" <sip:+15551234567@192.0.2.10>;tag=9fxced76sl
From: <sip:+15557654321@198.51.100.7:5060>;tag=8321234356
Call-ID: 3848276298220188511@192.0.2.10
CSeq: 101 REFER
Contact: <sip:app@198.51.100.7:5060;transport=udp>
Refer-To: <sip:agent-queue-4711@transfer.example.com;user=phone>
Referred-By: <sip:+15557654321@198.51.100.7:5060>
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY
User-Agent: call-control/1.0`),
  NOTIFY: message(
    `NOTIFY sip:app@198.51.100.7:5060;transport=udp SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-2---b2c3d4e5f6071829;rport
Max-Forwards: 70
Contact: <sip:+15551234567@192.0.2.10:5060;transport=udp>
To: <sip:+15557654321@198.51.100.7:5060>;tag=8321234356
From: "Carrier Caller" <sip:+15551234567@192.0.2.10>;tag=9fxced76sl
Call-ID: 3848276298220188511@192.0.2.10
CSeq: 2 NOTIFY
Event: refer
Subscription-State: terminated;reason=noresource
User-Agent: carrier-sbc/7.4.2
Content-Type: message/sipfrag;version=2.0`,
    'SIP/2.0 200 OK\n',
  ),
} as const;
