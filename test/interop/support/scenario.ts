// SIPp scenarios written as steps: what SIPp sends and what it must get, in order. Each step becomes one message of the
// XML that SIPp reads; the steps know their CSeq numbers and branches, so that a scenario says only what is special.
import type { TransportName } from '../../../src/sip/transport/transport.ts';

interface Draft {
  readonly transport: TransportName;
  readonly messages: string[];
  readonly variables: Set<string>;
  /** The CSeq number of the last request that is neither ACK nor CANCEL, and of the last INVITE. */
  cseq: number;
  inviteCseq: number;
  inviteAt: number;
  /** Whether the last message was sent by SIPp: over TCP the next one waits (SIPp/sipp#675). */
  sentLast: boolean;
}

export type Step = (draft: Draft) => void;

export interface Sent {
  /** Header lines after the usual ones. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Sent only if this variable was set to true. */
  readonly provided?: string;
}

export interface Got {
  /** It may be missing. */
  readonly optional?: boolean;
  /** Patterns that header fields must match, by their names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Patterns that the whole message must match. */
  readonly has?: readonly string[];
  /** What the first group of a pattern finds in the message, under a name: `[$name]` in what is sent later. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Actions as SIPp's XML has them. */
  readonly actions?: string;
}

/** An offer or an answer. The port is nobody's: what is sent there is lost, as on many a network. */
export const sdp = (direction = 'sendrecv'): string =>
  [
    'v=0',
    'o=carrier 53655765 2353687637 IN IP[local_ip_type] [local_ip]',
    's=-',
    'c=IN IP[local_ip_type] [local_ip]',
    't=0 0',
    'm=audio [rtp] RTP/AVP 8 0 101',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    `a=${direction}`,
  ].join('\n');

const allow = 'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY';
const contact = 'Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>';
const via = (branch: string): string => `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch};rport`;
const from = 'From: "Caller" <sip:+15551[call_number]@[local_ip]:[local_port]>;tag=[pid]T[call_number]';
const to = 'To: <sip:[service]@[remote_ip]:[remote_port]>';

/** The first INVITE. */
export function invite({ headers = [], body = sdp() }: Sent = {}): Step {
  return (draft) => {
    begin(draft, 'INVITE');
    const lines = [
      'INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0',
      via('[branch]'),
      'Max-Forwards: 70',
      from,
      to,
      'Call-ID: [call_id]',
      `CSeq: ${draft.inviteCseq} INVITE`,
      contact,
      allow,
      'User-Agent: carrier-sbc/7.4.2',
    ];
    send(draft, { lines: [...lines, ...headers], body, repeats: true });
  };
}

/** A request in the dialog. */
export function sends(method: string, { headers = [], body = '' }: Sent = {}): Step {
  return (draft) => {
    begin(draft, method);
    const contacts = method === 'BYE' || method === 'PRACK' ? [] : [contact];
    const lines = [...within(method, draft.cseq), ...contacts, ...headers];
    const type = method === 'NOTIFY' ? 'message/sipfrag;version=2.0' : 'application/sdp';
    send(draft, { lines, body, type, repeats: true });
  };
}

/** The ACK of a 2xx. */
export function acks({ body = '' }: Sent = {}): Step {
  return (draft) => send(draft, { lines: within('ACK', draft.inviteCseq), body });
}

/** The ACK of a refusal: the INVITE's own branch and Request-URI (RFC 3261 §17.1.1.3). */
export const acksRefusal: Step = (draft) => {
  send(draft, { lines: ofInvite(draft, 'ACK', '[peer_tag_param]') });
};

export const cancels: Step = (draft) => {
  send(draft, { lines: ofInvite(draft, 'CANCEL', ''), repeats: true });
};

/** RFC 3515 §2.4.4. `id` is the parameter of its Event, if any. */
export function notifies(sipfrag: string, state: string, id = ''): Step {
  const headers = [`Event: refer${id && `;id=${id}`}`, `Subscription-State: ${state}`];
  return sends('NOTIFY', { headers, body: sipfrag });
}

/** The response to the request that came last. */
export function answers(status: string, { headers = [], body = '', provided }: Sent = {}): Step {
  const copied = ['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]'];
  const lines = [`SIP/2.0 ${status}`, ...copied, contact, ...headers];
  return (draft) => send(draft, { lines, body, provided });
}

/** A response of who is called to its INVITE, with a tag; a final one waits for the ACK. */
export function answersInvite(status: string, { headers = [], body = '' }: Sent = {}): Step {
  const copied = ['[last_Via:]', '[last_Record-Route:]', '[last_From:]', '[last_To:];tag=[pid]S[call_number]'];
  const lines = [`SIP/2.0 ${status}`, ...copied, '[last_Call-ID:]', '[last_CSeq:]', contact, ...headers];
  return (draft) => send(draft, { lines, body, repeats: !status.startsWith('1') });
}

/** A response, by its status, or a request, by its method. */
export function gets(what: number | string, got: Got = {}): Step {
  return (draft) => {
    // The route set and the remote target are those of the responses to the first INVITE (RFC 3261 §12.1.2).
    const learns = draft.cseq === 1 ? ' rrs="true"' : '';
    const kind = typeof what === 'number' ? `response="${what}"${learns}` : `request="${what}"`;
    const actions = actionsOf(got, draft.variables);
    const optional = got.optional ? ' optional="true"' : '';
    draft.messages.push(
      actions === '' ? `<recv ${kind}${optional}/>` : `<recv ${kind}${optional}><action>${actions}</action></recv>`,
    );
    draft.sentLast = false;
  };
}

/** What a caller usually gets before its call is answered. */
export const rings: readonly Step[] = [gets(100, { optional: true }), gets(180)];

export function scenarioXml(name: string, transport: TransportName, rtpPort: number, steps: readonly Step[]): string {
  const variables = new Set<string>();
  const draft = { transport, messages: [], variables, cseq: 0, inviteCseq: 0, inviteAt: 0, sentLast: false };
  for (const step of steps) step(draft);
  // SIPp refuses a scenario with a variable that nothing reads.
  const reference = variables.size > 0 ? [`<Reference variables="${[...variables]}"/>`] : [];
  const messages = [...draft.messages, ...reference].join('\n').replaceAll('[rtp]', String(rtpPort));
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${messages}\n</scenario>\n`;
}

/** Counts a request that is neither ACK nor CANCEL. */
function begin(draft: Draft, method: string): void {
  draft.cseq += 1;
  if (method !== 'INVITE') return;
  draft.inviteCseq = draft.cseq;
  draft.inviteAt = nextIndex(draft);
}

function within(method: string, cseq: number): string[] {
  return [
    `${method} [next_url] SIP/2.0`,
    via('[branch]'),
    '[routes]',
    'Max-Forwards: 70',
    from,
    `${to}[peer_tag_param]`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
  ];
}

/** SIPp makes a branch of the number of its message; an earlier message's is asked for by how many it was before. */
function ofInvite(draft: Draft, method: string, tag: string): string[] {
  return [
    `${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0`,
    via(`[branch-${nextIndex(draft) - draft.inviteAt}]`),
    'Max-Forwards: 70',
    from,
    to + tag,
    'Call-ID: [call_id]',
    `CSeq: ${draft.inviteCseq} ${method}`,
  ];
}

/** The number of the message that is sent next, with the pause that may come before it. */
function nextIndex(draft: Draft): number {
  return draft.messages.length + (needsPause(draft) ? 1 : 0);
}

const needsPause = ({ transport, sentLast }: Draft): boolean => transport === 'tcp' && sentLast;

interface Text {
  readonly lines: readonly string[];
  readonly body?: string;
  readonly type?: string;
  /** Over UDP it is sent again until it is answered. */
  readonly repeats?: boolean;
  readonly provided?: string | undefined;
}

function send(draft: Draft, { lines, body = '', type = 'application/sdp', repeats, provided }: Text): void {
  if (needsPause(draft)) draft.messages.push('<pause milliseconds="60"/>');
  const typed = body === '' ? [] : [`Content-Type: ${type}`];
  const text = [...lines, ...typed, 'Content-Length: [len]', '', body].join('\n');
  const attributes = `${repeats ? ' retrans="500"' : ''}${provided ? ` condexec="${provided}"` : ''}`;
  draft.messages.push(`<send${attributes}><![CDATA[\n${text}\n]]></send>`);
  draft.sentLast = true;
}

/** Checks and captures alike are regular expressions; SIPp has a check write to a variable as well. */
function actionsOf({ headers = {}, has = [], keep = {}, actions = '' }: Got, variables: Set<string>): string {
  const find = (pattern: string, where: string, names: readonly string[]): string => {
    for (const name of names) variables.add(name);
    return `<ereg regexp="${xml(pattern)}" ${where} check_it="true" assign_to="${names}"/>`;
  };
  return [
    ...Object.entries(headers).map(([name, pattern]) =>
      find(pattern, `search_in="hdr" header="${name}:"`, ['checked']),
    ),
    ...has.map((pattern) => find(pattern, 'search_in="msg"', ['checked'])),
    ...Object.entries(keep).map(([name, pattern]) => find(pattern, 'search_in="msg"', ['checked', name])),
    actions,
  ].join('');
}

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
