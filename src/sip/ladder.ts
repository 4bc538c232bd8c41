// A trace drawn as a ladder: one lane per party, one row per message, time at the left, particulars at the right.
// Pure text in, text out: whole (drawLadder) or row by row as things happen (ladder). What the lanes are, a SIP peer
// or an application, is the caller's; only `describe` knows SIP, and it never shows a credential.
import { isRequest, type Message, type Request, type Response } from './message/message.ts';
import { isFailure, parse } from './message/parse.ts';
import { readSipfrag } from './message/sipfrag.ts';

/** What a row is about; it decides the colour. A mark is a remark on one lane. */
export type Tone = 'request' | 'progress' | 'success' | 'failure' | 'command' | 'event' | 'mark';

/** One row. `at` is in milliseconds; `from` and `to` name columns, and where they are the same the label marks that lane. */
export interface LadderEntry {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly note?: string | undefined;
  readonly tone?: Tone | undefined;
  /** It never arrived. */
  readonly lost?: boolean | undefined;
}

/** How a ladder is drawn. */
export interface LadderOptions {
  /** From left to right. Default: as they first appear in the trace. */
  readonly columns?: readonly string[];
  /** The instant drawn as 0.000. Default: that of the first entry. */
  readonly startedAt?: number;
  /** Characters between a lane and the next: for all, or for each from left to right. */
  readonly gap?: number | readonly number[];
  /** Colour for a terminal. */
  readonly ansi?: boolean;
}

/** A ladder to be drawn row by row; no line ends in a newline. */
export interface Ladder {
  readonly head: string;
  row(entry: LadderEntry): string;
}

const timeWidth = 9;
const defaultGap = 32;
const labelAt = 6;

/** A whole trace as text. */
export function drawLadder(trace: readonly LadderEntry[], options: LadderOptions = {}): string {
  const columns = options.columns ?? [...new Set(trace.flatMap(({ from, to }) => [from, to]))];
  const { head, row } = ladder(columns, { startedAt: trace[0]?.at ?? 0, ...options });
  return [head, ...trace.map(row), ''].join('\n');
}

/** A ladder that grows row by row. */
export function ladder(columns: readonly string[], options: Omit<LadderOptions, 'columns'> = {}): Ladder {
  const { startedAt = 0, gap = defaultGap, ansi = false } = options;
  const lanes = lanesOf(columns, gap);
  const paint = ansi ? colour : plain;
  return {
    head: paint('mark', headOf(columns, lanes)),
    row: (entry) => {
      const cells = cellsOf(entry, columns, lanes);
      const time = ((entry.at - startedAt) / 1000).toFixed(3).padStart(timeWidth);
      const note = entry.note ? `  ${entry.note}` : '';
      return `${paint('lane', time)}${cells.map(([role, text]) => paint(role, text)).join('')}${paint('lane', note)}`.trimEnd();
    },
  };
}

/** Where the lanes stand. */
function lanesOf(columns: readonly string[], gap: number | readonly number[]): number[] {
  let at = timeWidth + 1 + Math.ceil((columns[0]?.length ?? 0) / 2);
  return columns.map((_, index) => {
    const lane = at;
    at += 1 + (typeof gap === 'number' ? gap : (gap[index] ?? defaultGap));
    return lane;
  });
}

function headOf(columns: readonly string[], lanes: readonly number[]): string {
  let head = '';
  for (const [index, name] of columns.entries()) {
    head = `${head.padEnd((lanes[index] ?? 0) - Math.floor(name.length / 2))}${name}`;
  }
  return head;
}

type Role = Tone | 'lane';
type Cell = readonly [role: Role, text: string];

/** What stands right of the time, cut where the colour changes. */
function cellsOf(entry: LadderEntry, columns: readonly string[], lanes: readonly number[]): Cell[] {
  const from = columns.indexOf(entry.from);
  const to = columns.indexOf(entry.to);
  if (from < 0 || to < 0) throw new RangeError(`no lane for ${entry.from} -> ${entry.to} in ${columns.join(', ')}`);
  const end = (lanes.at(-1) ?? 0) + 1;
  const line: string[] = Array.from({ length: end }, (_, x) => (lanes.includes(x) ? '|' : ' '));
  const drawn = from === to ? mark(entry, lanes[from] ?? 0) : arrow(entry, lanes[from] ?? 0, lanes[to] ?? 0);
  const before = line.slice(timeWidth, drawn.x).join('');
  const after = line.slice(drawn.x + drawn.text.length).join('');
  return [
    ['lane', before],
    [entry.tone ?? 'mark', drawn.text],
    ['lane', after],
  ];
}

interface Drawn {
  readonly x: number;
  readonly text: string;
}

function mark(entry: LadderEntry, lane: number): Drawn {
  const text = `[${entry.label}]`;
  return { x: Math.max(timeWidth + 1, lane - Math.floor(text.length / 2)), text };
}

function arrow(entry: LadderEntry, from: number, to: number): Drawn {
  const x = Math.min(from, to) + 1;
  const width = Math.abs(to - from) - 1;
  const room = width - labelAt - 4;
  const label = entry.label.length > room ? `${entry.label.slice(0, room - 2)}..` : entry.label;
  const shaft = `${'-'.repeat(labelAt)} ${label} `.padEnd(width, '-');
  const right = entry.lost ? `${shaft.slice(0, -4)}x   ` : `${shaft.slice(0, -1)}>`;
  const left = entry.lost ? `   x${shaft.slice(4)}` : `<${shaft.slice(1)}`;
  return { x, text: to > from ? right : left };
}

const escapes: Readonly<Record<Role, string>> = {
  lane: '\x1b[2m',
  mark: '\x1b[1m',
  request: '\x1b[1m',
  progress: '\x1b[33m',
  success: '\x1b[32m',
  failure: '\x1b[31m',
  command: '\x1b[35m',
  event: '\x1b[36m',
};

function colour(role: Role, text: string): string {
  return text.trim() === '' ? text : `${escapes[role]}${text}\x1b[0m`;
}

function plain(_role: Role, text: string): string {
  return text;
}

/** What a SIP message (latin1) says in one row. One that cannot be read is shown by its first line. */
export function describe(text: string): Pick<LadderEntry, 'label' | 'note' | 'tone'> {
  const message = parse(text);
  if (isFailure(message)) return { label: firstLine(text), note: message.failure, tone: 'failure' };
  return isRequest(message) ? describeRequest(message) : describeResponse(message);
}

function describeRequest(request: Request): Pick<LadderEntry, 'label' | 'note' | 'tone'> {
  const label = request.method === 'INVITE' && request.to.params.has('tag') ? 're-INVITE' : request.method;
  const status = request.method === 'NOTIFY' ? readSipfrag(request.body) : null;
  return { label: status === null ? label : `${label} ${status}`, note: particulars(request), tone: 'request' };
}

function describeResponse(response: Response): Pick<LadderEntry, 'label' | 'note' | 'tone'> {
  const { status, reason } = response;
  const tone = status < 200 ? 'progress' : status < 300 ? 'success' : 'failure';
  return { label: readable(`${status} ${reason}`.trimEnd()), note: particulars(response), tone };
}

const telling = ['Refer-To', 'Refer-Sub', 'Event', 'Subscription-State', 'RSeq', 'RAck', 'Retry-After', 'Reason'];
const secret = ['WWW-Authenticate', 'Proxy-Authenticate', 'Authorization', 'Proxy-Authorization'];

function particulars(message: Message): string | undefined {
  const told = telling.flatMap((name) => message.all(name).map((value) => `${name}: ${readable(value)}`));
  const hidden = secret.filter((name) => message.get(name) !== undefined);
  const all = [...told, ...hidden];
  return all.length > 0 ? all.join(', ') : undefined;
}

function firstLine(text: string): string {
  return readable(text.slice(0, Math.max(0, text.search(/[\r\n]|$/))));
}

/** A trace may hold anything; a terminal must get only what can be printed. */
function readable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
