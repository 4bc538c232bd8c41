// The samples of states and inputs of an INVITE we sent, by the names they have in tables; and a step in a line.
import type { SentInvite } from '../../../src/sip/dialog/fork.ts';
import type { Command, Effect, Fixed, Input, Step, Usage } from '../../../src/sip/dialog/invite-client-state.ts';
import { begin, transition } from '../../../src/sip/dialog/invite-client-usage.ts';
import { Request, Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawMessage, rawResponse } from '../../support/messages.ts';

export const at = 1_000_000;
export const target = { transport: 'udp', host: '192.0.2.4', port: 5060, flow: 'udp:192.0.2.1:5060' } as const;
export const offerSdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';
export const answerSdp = offerSdp.replace('4000', '6000');

export const fixed: Fixed = {
  addresses: { udp: { transport: 'udp', host: '192.0.2.1', port: 5060 }, tcp: null },
  contactUser: null,
  capabilities: [['Allow', 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE']],
  patienceMs: 32_000,
  followsRedirects: true,
};

const sdpType = { 'Content-Type': 'application/sdp' };

export function invite(sdp: string | null, changes: Changes = {}, branch = 'z9hG4bK776asdhds'): SentInvite {
  const via = `SIP/2.0/UDP pc33.atlanta.example:5060;branch=${branch};rport`;
  const text = rawInvite({ Via: via, ...(sdp === null ? {} : sdpType), ...changes }, sdp ?? '');
  return { text, branch, target };
}

/** A response of the fork `tag`; with `rseq` a reliable one. */
export function response(
  status: number,
  fork: { readonly tag?: string; readonly rseq?: number; readonly sdp?: string | undefined } = {},
  changes: Changes = {},
): Input & { type: 'response' } {
  const all: Record<string, Changes[string]> = { To: 'Bob <sip:bob@biloxi.example>' };
  if (fork.tag !== undefined) all.To += `;tag=${fork.tag}`;
  if (fork.tag !== undefined) all.Contact = `<sip:${fork.tag}@192.0.2.4:5080>`;
  if (fork.rseq !== undefined) Object.assign(all, { Require: '100rel', RSeq: String(fork.rseq) });
  if (fork.sdp !== undefined) Object.assign(all, sdpType);
  const message = parse(rawResponse(status, { ...all, ...changes }, fork.sdp));
  if (!(message instanceof Response)) throw new Error(`not a response: ${JSON.stringify(message)}`);
  return { type: 'response', response: message };
}

function peerUpdate(tag: string, sdp?: string): Input {
  const message = parse(
    rawMessage(
      'UPDATE sip:alice@192.0.2.1 SIP/2.0',
      {
        From: `Bob <sip:bob@biloxi.example>;tag=${tag}`,
        To: '"Alice" <sip:alice@atlanta.example>;tag=1928301774',
        CSeq: '7 UPDATE',
        Contact: '<sip:moved@192.0.2.4>',
        ...(sdp === undefined ? {} : sdpType),
      },
      sdp,
    ),
  );
  if (!(message instanceof Request)) throw new Error(`not a request: ${JSON.stringify(message)}`);
  return { type: 'update', tag, request: message, from: target, answer: answerSdp, retryAfterS: 3 };
}

const command = (value: Command): Input => ({ type: 'command', command: value });
const updated = (status: number, sdp?: string): Input => {
  const { response: message } = response(status, { tag: 'a', sdp }, { CSeq: '314161 UPDATE' });
  return { type: 'updated', tag: 'a', response: message };
};

export const again = invite(offerSdp, { CSeq: '314160 INVITE' }, 'z9hG4bKagain');

export const inputs: Readonly<Record<string, Input>> = {
  '100': response(100),
  '180': response(180),
  '180 a': response(180, { tag: 'a' }),
  '180 b': response(180, { tag: 'b' }),
  '183 a': response(183, { tag: 'a', sdp: answerSdp }),
  '183 a 1': response(183, { tag: 'a', rseq: 1, sdp: answerSdp }),
  '180 a 2': response(180, { tag: 'a', rseq: 2 }),
  '180 a 3': response(180, { tag: 'a', rseq: 3 }),
  '200 a': response(200, { tag: 'a', sdp: answerSdp }),
  '200 b': response(200, { tag: 'b', sdp: answerSdp }),
  '302': response(302, { tag: 'p' }, { Contact: '<sip:carol@chicago.example>' }),
  '401': response(401, { tag: 'p' }),
  '422': response(422, { tag: 'p' }, { 'Min-SE': '3600' }),
  '486': response(486, { tag: 'a' }),
  '487': response(487, { tag: 'a' }),
  '603': response(603, { tag: 'a' }),
  timeout: { type: 'timeout' },
  failed: { type: 'transport-failed' },
  'give-up': { type: 'timer', timer: 'give-up' },
  settle: { type: 'timer', timer: 'settle' },
  cancel: command({ name: 'cancel', reason: { protocol: 'SIP', cause: 200, text: null } }),
  'answer a': command({ name: 'answer', tag: 'a', sdp: answerSdp }),
  'decline a': command({ name: 'answer', tag: 'a', sdp: null }),
  'update a': command({ name: 'update', tag: 'a', headers: [], sdp: null }),
  'update a, offer': command({ name: 'update', tag: 'a', headers: [], sdp: offerSdp }),
  again: command({ name: 'again', invite: again }),
  'UPDATE a': peerUpdate('a'),
  'UPDATE a, offer': peerUpdate('a', offerSdp),
  'UPDATE answered': updated(200, answerSdp),
  'UPDATE refused': updated(491),
  'UPDATE lost': { type: 'updated', tag: 'a', response: null },
};

/** How each sample came to be; with `late` the INVITE has no offer. */
const scripts: Readonly<Record<string, { readonly late?: true; readonly inputs: readonly string[] }>> = {
  calling: { inputs: [] },
  proceeding: { inputs: ['180 a'] },
  'proceeding, described': { inputs: ['183 a 1'] },
  'proceeding, updating': { inputs: ['183 a 1', 'update a, offer'] },
  'proceeding, their offer': { late: true, inputs: ['183 a 1'] },
  'cancelling, not sent': { inputs: ['cancel'] },
  cancelling: { inputs: ['180 a', 'cancel'] },
  refused: { inputs: ['401'] },
  accepted: { inputs: ['200 a'] },
  'accepted, their offer': { late: true, inputs: ['200 a'] },
  'accepted, not wanted': { inputs: ['180 a', 'cancel', '200 a'] },
  confirmed: { inputs: ['200 a', 'settle'] },
  terminated: { inputs: ['486'] },
};

export const samples: Readonly<Record<string, Usage>> = Object.fromEntries(
  Object.entries(scripts).map(([name, script]) => [name, after(script.inputs, script.late ? null : offerSdp).usage]),
);

/** The last step after these inputs, by name or as they are. */
export function after(script: readonly (string | Input)[], sdp: string | null = offerSdp, rules: Fixed = fixed): Step {
  let step = begin(invite(sdp));
  for (const input of script) {
    step = transition(rules, step.usage, typeof input === 'string' ? inputs[input]! : input, at);
  }
  return step;
}

/** `accepted: ACK a, BYE b, tell confirmed`. */
export function show({ usage, effects }: Step): string {
  return [usage.state.name, effects.map(showEffect).join(', ')].filter((part) => part !== '').join(': ');
}

function showEffect(effect: Effect): string {
  switch (effect.type) {
    case 'send':
      return `${effect.method} ${effect.tag}${effect.request.text.includes('\r\nv=0') ? ' with SDP' : ''}`;
    case 'ack':
      return `ACK ${effect.tag}${effect.request.text.includes('\r\nv=0') ? ' with SDP' : ''}`;
    case 'invite':
      return 'INVITE';
    case 'cancel':
      return 'CANCEL';
    case 'respond':
      return `respond ${effect.status}${effect.sdp === null ? '' : ' with SDP'}`;
    case 'remedy':
      return effect.remedy.why === 'redirect' ? `redirect to ${effect.remedy.targets.join(' ')}` : effect.remedy.why;
    case 'tell':
      return `tell ${showTold(effect.what)}`;
  }
}

function showTold(what: (Effect & { type: 'tell' })['what']): string {
  if (what.type === 'progress') return `${what.response.status} ${what.tag ?? '-'}`;
  if (what.type === 'described') return `${what.described.kind} ${what.tag}`;
  if (what.type === 'confirmed') return `confirmed ${what.tag}${what.agreed ? '' : ' without agreement'}`;
  return `ended ${what.why}${what.response === null ? '' : ` by ${what.response.status}`}`;
}
