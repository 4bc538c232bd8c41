// What a scenario is written with: its parties, its options, and what it may look at inside the server.
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../../src/config.ts';
import type { Records } from '../../src/sip/transport/records.ts';
import type { Transport, TransportName } from '../../src/sip/transport/transport.ts';
import type { Store } from '../../src/store/store.ts';
import type { System } from '../../src/system.ts';
import type { Answer, Answered, Attempted, PayloadExpectations, Post } from './app.ts';
import type { Expectations } from './expect.ts';
import type { FakeMedia } from './fake-media.ts';
import type { FakeSystem } from './fake-system.ts';
import type { Faults } from './faults.ts';
import type { Secrets } from './secrets.ts';
import type { SettingsOptions } from './settings.ts';
import type { Overrides } from './template.ts';

/** What the server under test is made of; src/server.ts says what each part is. */
export interface PartsUnderTest {
  readonly system: System;
  readonly settings: Settings;
  readonly store: Store;
  readonly transports: readonly Transport[];
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly records?: Pick<Records, 'srv' | 'naptr'>;
  readonly media: FakeMedia;
  readonly post: (request: Post) => Promise<{ status: number }>;
  readonly authHashes: readonly string[];
  readonly docs: ReadonlyMap<string, string>;
  readonly version: string;
}

export interface ServerUnderTest {
  readonly publicKey: string;
  readonly http: FastifyInstance;
  stop(): Promise<void>;
  kill(): void | Promise<void>;
  idle(): boolean;
  census(): object;
}

export interface ScenarioOptions extends SettingsOptions {
  /** What the peers speak; default udp. */
  readonly transport?: TransportName;
  /** What the server listens on; default both. */
  readonly listens?: readonly TransportName[];
  readonly faults?: Faults;
  readonly latencyMs?: number;
  /** Names that resolve; default: everything below atlanta.example is the transferee's address. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** What DNS says of names (RFC 3263); default: nothing but their addresses. */
  readonly records?: PartsUnderTest['records'];
  /** Errors in the log that this scenario is about. */
  readonly logs?: RegExp;
  /** Kills the server before this step of the script and starts it again; no ladder is compared then. */
  readonly restartBefore?: number;
  /** Kills the server in the middle of this commit, counted from 1. Then peer and application repeat themselves. */
  readonly killAtCommit?: { readonly count: number; readonly when: 'before' | 'after' };
  /** For tests of the scenarios' own machinery. */
  readonly start?: (parts: PartsUnderTest) => Promise<ServerUnderTest>;
  readonly goldenFolder?: string;
  readonly updateGolden?: boolean;
  readonly store?: () => Store | Promise<Store>;
}

export interface Peer {
  sends(what: string | number, overrides?: Overrides): void;
  /** Fails if anything else came first. */
  gets(what: string | number, expectations?: Expectations): void;
  /** Nothing has come that was not taken by a step. */
  getsNothing(): void;
  /** The next message of this kind is lost on its way here. */
  misses(what: string | number): void;
  /** Closes its TCP connections. */
  disconnects(): void;
  /** Closes them and takes no new ones. */
  vanishes(): void;
}

export interface App {
  posts(action: string, body?: object, expected?: Answered): void;
  /** By default from +13125550100 to the transferee, `sip:alice@192.0.2.10`. */
  dials(body?: object, expected?: Answered): void;
  gets(eventType: string, payload?: PayloadExpectations, attempted?: Attempted): void;
  getsNothing(): void;
  /** Stands for the id of a call, counted from 0 in the order of their call.initiated, in what is posted and in what is told. */
  idOf(call: number): string;
  /** From now on. */
  answers(answer: Answer): void;
  reads(fields: PayloadExpectations, expected?: Answered): void;
}

export interface World {
  readonly transferee: Peer;
  readonly app: App;
  /** Another caller, with a lane of its own. */
  peer(name: string): Peer;
  after(ms: number): void;
  /** Ends the server as SIGKILL would and starts it again on what is in the store. */
  restarts(): void;
  /** Tells the server to stop, as SIGTERM does; the script goes on while it leaves. */
  stops(): void;
  kills(): void;
  starts(): void;
  /** The steps recorded by the function happen in one turn of the event loop. */
  together(record: () => void): void;
  /** Anything else, run between the steps with the world settled. */
  does(what: string, run: (inside: Inside) => void | Promise<void>): void;
}

/** What a scenario may look at that neither a peer nor an application can see. */
export interface Inside {
  readonly server: ServerUnderTest;
  readonly system: FakeSystem;
  readonly store: Store;
  readonly media: FakeMedia;
  readonly secrets: Secrets;
}
