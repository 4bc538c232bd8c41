// The program that JsSIP is a phone in: it does what it is told by the line, and says what happens. Its SIP and its
// WebSocket are real. Its sound is not: a browser's WebRTC speaks DTLS-SRTP only, so what stands in for RTCPeerConnection
// here describes plain RTP that nobody sends.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

class SilentConnection {
  iceGatheringState = 'complete';
  iceConnectionState = 'connected';
  signalingState = 'stable';
  localDescription = null;
  #version = 0;

  async createOffer() {
    return { type: 'offer', sdp: this.#description() };
  }

  async createAnswer() {
    return { type: 'answer', sdp: this.#description() };
  }

  async setLocalDescription(description) {
    this.localDescription = description;
  }

  async setRemoteDescription() {}

  addEventListener() {}
  removeEventListener() {}
  getSenders() {
    return [];
  }
  close() {
    this.signalingState = 'closed';
  }

  #description() {
    this.#version += 1;
    const lines = ['v=0', `o=- 1 ${this.#version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
    return [...lines, 'm=audio 9 RTP/AVP 8 0', 'a=sendrecv', ''].join('\r\n');
  }
}

Object.assign(globalThis, {
  window: globalThis,
  RTCPeerConnection: SilentConnection,
  RTCSessionDescription: class {
    constructor(description) {
      Object.assign(this, description);
    }
  },
});

const JsSIP = createRequire(import.meta.url)('jssip');
const [url, username, password] = process.argv.slice(2);
const options = { mediaConstraints: { audio: false, video: false } };
const say = (...words) => console.log(words.join(' '));

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(url)],
  uri: `sip:${username}@127.0.0.1`,
  register: password !== undefined,
  ...(password !== undefined && { password }),
});
let session = null;
for (const event of ['connected', 'registered', 'unregistered']) ua.on(event, () => say(event));
ua.on('registrationFailed', ({ cause }) => say('registrationFailed', cause));
ua.on('disconnected', ({ error }) => error && say('disconnected'));
ua.on('newRTCSession', (event) => {
  session = event.session;
  session.on('confirmed', () => say('confirmed'));
  session.on('ended', ({ cause }) => say('ended', cause));
  session.on('failed', ({ cause }) => say('failed', cause));
  session.on('refer', ({ accept }) => accept(() => {}, options));
  if (event.originator === 'remote') session.answer(options);
});

const told = {
  call: (uri) => ua.call(uri, options),
  hangup: () => session.terminate(),
  hold: () => session.hold(),
  resume: () => session.unhold(),
  offer: () => session.renegotiate(),
  refer: (uri) => session.refer(uri).on('accepted', () => say('referred')),
  leave: () => ua.stop(),
};
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [command, uri] = line.split(' ');
    told[command](uri);
  })
  .on('close', () => process.exit());
ua.on('disconnected', ({ error }) => error || process.exit());
ua.start();
