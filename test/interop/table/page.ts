// docs/interop.md: the table as it was when all of it last ran, with the versions of the peers. Written and read here.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rows as table } from '../../../scripts/markdown.ts';
import { root } from '../../../scripts/ready.mjs';
import { isRun, meanings, type Peer, type Row, rows } from './rows.ts';

export const path = 'docs/interop.md';

/** The version of each peer, by its name. */
export type Versions = Readonly<Record<string, string>>;

const tick = '✓';
const dash = '–';

export function render(peers: readonly Peer[], versions: Versions): string {
  const notes: string[] = [];
  const noted = (text: string, note: string | undefined): string => {
    if (note === undefined) return text;
    const known = notes.indexOf(note) + 1;
    return `${text} ${superscript(known || notes.push(note))}`;
  };
  const heads = peers.map(({ name, note }) => noted(`${name} ${versions[name] ?? '?'}`, note));
  const body = rows.map((row) => [row, ...peers.map((peer) => shown(peer, row, noted))]);
  const explained = rows.map((row) => [row, meanings[row]]);
  return [
    '# Interop',
    'What has run between Switchhook and real peers: free software from Debian and npm, each as it is installed.',
    `${tick} ran, and runs in every \`npm test\`. ${dash} does not apply, or the peer cannot: the note says why. Each row is run over
every transport that is named under its peer, but for the row TLS.`,
    table(['', ...heads], [...body, ['*transports*', ...peers.map(transportsOf)]]),
    notes.map((note, at) => `${at + 1}. ${note}`).join('\n'),
    '## The rows',
    table(['Row', 'What happens'], explained),
    'Written by `npm run interop` from a run of every cell: `test/interop/table`.\n',
  ].join('\n\n');
}

function shown({ cells }: Peer, row: Row, noted: (text: string, note: string | undefined) => string): string {
  const cell = cells[row];
  return isRun(cell) ? noted(tick, cell.note) : noted(dash, cell.because);
}

const overOf = ({ cells }: Peer, row: Row): readonly string[] => {
  const cell = cells[row];
  return isRun(cell) ? cell.over.map((transport) => transport.toUpperCase()) : [];
};

const transportsOf = (peer: Peer): string => [...new Set(rows.flatMap((row) => overOf(peer, row)))].join(', ');

const superscript = (number: number): string => [...`${number}`].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');

/** As it is now; empty if there is none. */
export function read(): string {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const cellsOf = (line = ''): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The versions a page names in the head of its table. */
export function versionsIn(page: string): Versions {
  const [, ...heads] = cellsOf(/^\| {2}\|.*$/m.exec(page)?.[0]);
  return Object.fromEntries(heads.map((head) => head.split(' ')).map(([name = '', version = '']) => [name, version]));
}

/** The rows that a page ticks for this peer. */
export function ticksIn(page: string, name: string): readonly string[] {
  const column = Object.keys(versionsIn(page)).indexOf(name) + 1;
  if (column === 0) return [];
  const ticked = (row: Row): boolean =>
    cellsOf(page.split('\n').find((line) => line.startsWith(`| ${row} |`)))[column]?.startsWith(tick) ?? false;
  return rows.filter(ticked);
}
