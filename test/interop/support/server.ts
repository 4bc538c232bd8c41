// Switchhook as a user starts it: a process of its own with settings in its environment, on ports and in a folder that
// stay the same when it is killed and started again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { freePort, freePorts } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

/** As in the environment: names in full. */
export type ServerSettings = Readonly<Record<`SWITCHHOOK_${string}`, string>>;

const main = join(import.meta.dirname, '../../../src/main.ts');
const rtpPorts = 40;

export class Switchhook {
  readonly apiKey = 'switchhook_key_of_the_tests';
  /** The same for UDP and for TCP. */
  readonly sipPort: number;
  readonly httpAddress: string;
  readonly #folder: string;
  readonly #settings: ServerSettings;
  #program: Program | null = null;

  private constructor(folder: string, sipPort: number, httpAddress: string, settings: ServerSettings) {
    this.#folder = folder;
    this.sipPort = sipPort;
    this.httpAddress = httpAddress;
    this.#settings = settings;
  }

  /** Starts one that ends with the test, having logged nothing that should not have been. */
  static async open(scope: Scope, settings: ServerSettings): Promise<Switchhook> {
    const folder = temporaryFolder(scope);
    const sipPort = await freePort();
    const http = `127.0.0.1:${await freePort()}`;
    const firstRtp = await freePorts(rtpPorts);
    const server = new Switchhook(folder, sipPort, `http://${http}`, {
      SWITCHHOOK_HTTP_LISTEN: http,
      SWITCHHOOK_SIP_LISTEN: `udp:127.0.0.1:${sipPort},tcp:127.0.0.1:${sipPort}`,
      SWITCHHOOK_RTP_PORTS: `${firstRtp}-${firstRtp + rtpPorts - 1}`,
      SWITCHHOOK_DATABASE_URL: 'sqlite:./data/switchhook.db',
      SWITCHHOOK_LOG_LEVEL: 'debug',
      ...settings,
    });
    scope.after(() => server.#end());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const env = { ...this.#settings, SWITCHHOOK_API_KEY: this.apiKey };
    const program = new Program('Switchhook', process.execPath, [main], { cwd: this.#folder, env });
    this.#program = program;
    await program.line(new RegExp(`${this.httpAddress}\\b`));
  }

  /** As kill -9 and the kernel's out-of-memory killer do. */
  async kill(): Promise<void> {
    await this.#running.kill();
  }

  async stop(): Promise<void> {
    await this.#running.stop();
  }

  get isRunning(): boolean {
    return this.#running.isRunning;
  }

  /** The fields of the first line of this run's log that matches. */
  async logged(pattern: RegExp): Promise<Readonly<Record<string, unknown>>> {
    const { input } = await this.#running.line(pattern);
    return JSON.parse(input) as Record<string, unknown>;
  }

  /** The last of its log, for a test that has failed. */
  tail(): string {
    return this.#running.tail();
  }

  get #running(): Program {
    assert.ok(this.#program, 'the server was never started');
    return this.#program;
  }

  async #end(): Promise<void> {
    const program = this.#program;
    if (!program) return;
    const { isRunning } = program;
    await program.stop();
    const faults = program.lines.filter((line) => line.includes('"level":"error"'));
    assert.deepEqual(faults, [], 'the server has logged errors');
    assert.ok(isRunning, `the server was not running any more at the end. ${program.tail()}`);
    assert.deepEqual(await program.ended, { code: 0, signal: null }, program.tail());
  }
}
