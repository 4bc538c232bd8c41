// What SIPp does in a call through Kamailio, which lets a REFER of ours pass only with credentials.
import assert from 'node:assert/strict';
import { type Flow, isReferred } from './flows.ts';
import { secret } from './kamailio.ts';
import { acks, answers, gets, invite, notifies, rings } from './scenario.ts';

const target = 'sip:bob@biloxi.example';
const isAnswered = [invite(), ...rings, gets(200), acks()];
const clearedByUs = { hangup_cause: 'normal_clearing', hangup_source: 'callee' };

export const proxyFlows = {
  'refer-with-credentials': {
    steps: [
      ...isAnswered,
      gets('REFER', { headers: { CSeq: '2 REFER', 'Refer-To': `<${target}>` } }),
      answers('202 Accepted'),
      notifies('SIP/2.0 100 Trying', 'active;expires=60', '2'),
      gets(200),
      notifies('SIP/2.0 200 OK', 'terminated;reason=noresource', '2'),
      gets(200),
      gets('BYE', { headers: { CSeq: '3 BYE' } }),
      answers('200 OK'),
    ],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.refer(target, secret);
      await call.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
      await call.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [100, 200] });
      await call.gets('call.hangup', clearedByUs);
    },
    types: isReferred,
  },

  'refer-without-the-right-credentials': {
    steps: [...isAnswered, gets('BYE'), answers('200 OK')],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.refer(target);
      const refused = { sip_notify_response: 407, refer_sip_response: 407, failure_reason: 'failed' };
      await call.gets('call.refer.failed', refused);
      await call.refer(target, { ...secret, sip_auth_password: 'jabberwocky' });
      await call.gets('call.refer.failed', refused);
      assert.equal(await call.isAlive(), true);
      await call.hangup();
      await call.gets('call.hangup', clearedByUs);
    },
    types: ['call.initiated', 'call.answered', 'call.refer.failed', 'call.refer.failed', 'call.hangup'],
  },

  // RFC 3261 §18.1.1: over 1,300 bytes it goes by TCP; the proxy takes it there, and passes it on by UDP.
  'refer-too-large-for-a-datagram': {
    steps: [
      ...isAnswered,
      gets('REFER', { has: ['Via: SIP/2.0/TCP 127', 'X-Long: x{2000}'] }),
      answers('202 Accepted'),
      notifies('SIP/2.0 200 OK', 'terminated;reason=noresource', '2'),
      gets(200),
      gets('BYE'),
      answers('200 OK'),
    ],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.refer(target, { ...secret, custom_headers: [{ name: 'X-Long', value: 'x'.repeat(2_000) }] });
      await call.gets('call.refer.started');
      await call.gets('call.refer.completed', { sip_notify_response: 200 });
      await call.gets('call.hangup', clearedByUs);
    },
    types: isReferred,
  },
} satisfies Record<string, Flow>;
