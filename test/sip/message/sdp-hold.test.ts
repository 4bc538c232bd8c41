// Hold in a description: what is made of one, and which ask for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../../../src/sip/message/sdp-description.ts';
import { asksForSilence, silenced } from '../../../src/sip/message/sdp-hold.ts';

const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n';
const audio = 'm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';
const video = 'm=video 6002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n';

const silencings: readonly (readonly [name: string, described: string, silent: string])[] = [
  ['without a direction', `${head}${audio}`, `${head}${audio}a=inactive\r\n`],
  ['with one', `${head}${audio}a=sendrecv\r\n`, `${head}${audio}a=inactive\r\n`],
  [
    'amid other attributes',
    `${head}${audio}a=recvonly\r\na=ptime:20\r\n`,
    `${head}${audio}a=ptime:20\r\na=inactive\r\n`,
  ],
  ['of the session', `${head}a=sendonly\r\n${audio}`, `${head}${audio}a=inactive\r\n`],
  [
    'in each stream',
    `${head}${audio}a=sendrecv\r\n${video}a=sendonly\r\n`,
    `${head}${audio}a=inactive\r\n${video}a=inactive\r\n`,
  ],
  ['in lines that end in LF', `${head}${audio}`.replaceAll('\r\n', '\n'), `${head}${audio}a=inactive\r\n`],
  [
    'an attribute that begins like one',
    `${head}${audio}a=sendrecvx\r\n`,
    `${head}${audio}a=sendrecvx\r\na=inactive\r\n`,
  ],
  ['without a stream', head, head],
  ['no description', 'what?', 'what?'],
];

for (const [name, described, silent] of silencings) {
  test(`silenced: ${name}`, () => {
    assert.equal(silenced(described), silent);
    assert.equal(silenced(silent), silent);
    assert.equal(describe(silent)?.streams.length, describe(described)?.streams.length);
  });
}

const asking: readonly (readonly [name: string, described: string, asks: boolean])[] = [
  ['without a direction', `${head}${audio}`, false],
  ['sendrecv', `${head}${audio}a=sendrecv\r\n`, false],
  ['recvonly', `${head}${audio}a=recvonly\r\n`, false],
  ['sendonly', `${head}${audio}a=sendonly\r\n`, true],
  ['inactive', `${head}${audio}a=inactive\r\n`, true],
  ['the last one counts', `${head}${audio}a=sendonly\r\na=sendrecv\r\n`, false],
  ['that of the session', `${head}a=inactive\r\n${audio}`, true],
  ['the stream has its own', `${head}a=inactive\r\n${audio}a=sendrecv\r\n`, false],
  ['one of two', `${head}${audio}a=inactive\r\n${video}a=sendrecv\r\n`, false],
  ['the other is off', `${head}${audio}a=inactive\r\n${video.replace('6002', '0')}`, true],
  ['no description', 'what?', false],
];

for (const [name, described, asks] of asking) {
  test(`asks for silence: ${name}`, () => {
    assert.equal(asksForSilence(described), asks);
  });
}
