// The words of the table: its rows, its columns, and what a cell is. The compiler holds every column to every row.
import type { Peer as Program } from '../../../scripts/peers.mjs';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import type { Place } from './place.ts';

export const rows = [
  'register',
  'call in',
  'call out',
  'hold',
  're-INVITE',
  'session timer',
  'refer out',
  'refer in',
  'digest',
  'TLS',
] as const;
export type Row = (typeof rows)[number];

/** What each row means, for whoever reads the page. */
export const meanings: Readonly<Record<Row, string>> = {
  register: 'It registers with Switchhook, is bound, and leaves again. Of a PBX: Switchhook registers with it.',
  'call in': 'It calls Switchhook, the application answers, it hangs up.',
  'call out': 'Switchhook calls it, it answers, Switchhook hangs up.',
  hold: 'It puts a call on hold and takes it back.',
  're-INVITE': 'It offers anew in a call that stands, for another reason than hold.',
  'session timer': 'A session timer (RFC 4028) is agreed on and refreshed.',
  'refer out': 'Switchhook refers it; it calls the target and reports back.',
  'refer in': 'It refers Switchhook, which calls the target, and is told that the target has answered.',
  digest: 'A password is asked for: the right one is taken, a wrong one refused.',
  TLS: 'It calls over TLS, or over a secure WebSocket, and checks the certificate of Switchhook.',
};

/** One way to run a cell: an assertion that does not hold fails it. */
export type Run = (place: Place) => Promise<void>;

/** Why there is nothing to run. `shows` holds that to the peer as it is installed: where it could after all, it fails. */
export interface Cannot {
  readonly because: string;
  readonly shows?: Run;
}

export interface Runs {
  readonly run: Run;
  /** Over each of these it is run. */
  readonly over: readonly TransportName[];
  /** What whoever reads the tick should know. */
  readonly note?: string;
}

export type Cell = Runs | Cannot;

export interface Peer {
  readonly name: string;
  /** What must be installed to run its cells. */
  readonly needs: readonly Program[];
  /** As it tells it itself. */
  readonly version: () => string;
  readonly cells: Readonly<Record<Row, Cell>>;
  /** Settings of Switchhook that it needs beside those of every peer. */
  readonly settings?: Readonly<Record<`SWITCHHOOK_${string}`, string>>;
  /** What holds for its whole column. */
  readonly note?: string;
}

export const isRun = (cell: Cell): cell is Runs => 'run' in cell;
