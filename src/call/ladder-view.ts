// A ladder as it is shown: what each entry was in a word, whole messages, and all of it drawn. Everything goes through
// redaction here. Leaves out the field names of the wire (http/ladder.ts).
import { describe, drawLadder, type LadderEntry } from '../sip/ladder.ts';
import { toUtf8 } from '../sip/message/grammar.ts';
import { redacted, redactedLine } from '../sip/message/redaction.ts';
import type { Target } from '../sip/transport/transport.ts';
import type { Asked, Entry, Ladder, Posted } from './ladder.ts';

export interface LadderRow {
  readonly at: number;
  readonly kind: Entry['kind'];
  readonly direction: 'in' | 'out';
  /** `udp:192.0.2.10:5060`, the origin of a webhook's URL, or the address a command came from. */
  readonly peer: string | null;
  readonly summary: string;
  readonly note: string | null;
  /** The whole message, redacted; null of what is none. */
  readonly text: string | null;
}

export interface LadderView {
  /** From when on it was kept: memory is lost with a restart. */
  readonly since: number;
  readonly truncated: number;
  readonly entries: readonly LadderRow[];
  /** Drawn, one row for each entry. */
  readonly text: string;
}

const us = 'us';
const application = 'application';

type Shown = LadderRow & Pick<LadderEntry, 'tone'>;

export function ladderView(
  ladder: Ladder | null,
  callId: string,
  { startedAt, since }: { readonly startedAt: number; readonly since: number },
): LadderView {
  const all = ladder?.entries ?? [];
  const dropped = ladder?.dropped ?? 0;
  const isOfCall = (entry: Entry): boolean => ofCall(entry) === null || ofCall(entry) === callId;
  const head = all
    .slice(0, ladder?.head ?? 0)
    .filter(isOfCall)
    .map(shown);
  const rest = all
    .slice(ladder?.head ?? 0)
    .filter(isOfCall)
    .map(shown);
  const entries = [...head, ...rest];
  const drawn = [
    ...(since > startedAt ? [mark(since, 'started again: kept from here on')] : []),
    ...head.map(row),
    ...(dropped > 0 ? [mark(head.at(-1)?.at ?? rest[0]?.at ?? since, `${dropped} not kept`)] : []),
    ...rest.map(row),
  ];
  return {
    since,
    truncated: dropped,
    entries: entries.map(({ tone, ...entry }) => entry),
    text: drawLadder(drawn, { columns: [...lanes(entries), us, application] }),
  };
}

function ofCall(entry: Entry): string | null {
  if (entry.kind === 'sip') return null;
  return entry.kind === 'command' ? entry.asked.callId : entry.posted.callId;
}

function shown(entry: Entry): Shown {
  switch (entry.kind) {
    case 'sip':
      return message(entry);
    case 'command':
      return command(entry.asked);
    case 'webhook':
      return webhook(entry.posted);
    default:
      return entry satisfies never;
  }
}

function message({ at, direction, peer, text }: Entry & { kind: 'sip' }): Shown {
  const { label, note, tone } = describe(text);
  return {
    at,
    kind: 'sip',
    direction,
    peer: nameOf(peer),
    summary: redactedLine(label),
    note: note === undefined ? null : redactedLine(note),
    text: toUtf8(redacted(text)),
    tone,
  };
}

function command({ at, name, peer, answer }: Asked): Shown {
  return { at, kind: 'command', direction: 'in', peer, summary: name, note: answer, text: null, tone: 'command' };
}

function webhook({ at, type, origin, attempt, answer, tookMs }: Posted): Shown {
  const outcome = answer === null ? 'no answer yet' : `${answer} after ${tookMs} ms`;
  const note = attempt > 1 ? `attempt ${attempt}, ${outcome}` : outcome;
  const what = { peer: origin, summary: type, note: redactedLine(note), text: null };
  return { at, kind: 'webhook', direction: 'out', ...what, tone: 'event' };
}

function nameOf({ transport, host, port }: Target): string {
  return `${transport}:${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** One for each SIP peer, as they first appear. */
function lanes(entries: readonly Shown[]): string[] {
  return [...new Set(entries.map(laneOf))].filter((lane) => lane !== application);
}

const laneOf = ({ kind, peer }: Shown): string => (kind === 'sip' && peer !== null ? peer : application);

function row(entry: Shown): LadderEntry {
  const { at, direction, summary, note, tone } = entry;
  const [from, to] = direction === 'in' ? [laneOf(entry), us] : [us, laneOf(entry)];
  return { at, from, to, label: summary, note: note ?? undefined, tone };
}

function mark(at: number, label: string): LadderEntry {
  return { at, from: us, to: us, label, tone: 'mark' };
}
