// One server on ports and in a folder of its own, killed and started again for as long as there is something to try: each
// start is the second one of what was tried last and the first one of what comes next. The process that will
// be needed next has read its sources by then.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, freePorts } from '../interop/support/ports.ts';
import { Program } from '../interop/support/program.ts';
import { Application } from './application.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const killPoints = join(import.meta.dirname, 'kill-points.ts');
const rtpPorts = 40;
const apiKey = 'switchhook_key_of_the_crashes';

/** Compiled sources are shared by all servers: they start in half of the time. */
const compiled = mkdtempSync(join(tmpdir(), 'switchhook-test-'));
process.on('exit', () => rmSync(compiled, { recursive: true, force: true, maxRetries: 3 }));

export class Lane {
  readonly app: Application;
  readonly sipPort: number;
  readonly #httpAddress: string;
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, string>>;
  #running: Program | null = null;
  #spare: Program;
  #read = 0;

  private constructor(app: Application, ports: { sip: number; http: number; rtp: number }) {
    this.app = app;
    this.sipPort = ports.sip;
    this.#httpAddress = `127.0.0.1:${ports.http}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'switchhook-test-'));
    this.#settings = {
      NODE_COMPILE_CACHE: compiled,
      CRASH_TRACE: this.#tracePath,
      SWITCHHOOK_API_KEY: apiKey,
      SWITCHHOOK_HTTP_LISTEN: this.#httpAddress,
      SWITCHHOOK_SIP_LISTEN: `udp:127.0.0.1:${ports.sip}`,
      SWITCHHOOK_RTP_PORTS: `${ports.rtp}-${ports.rtp + rtpPorts - 1}`,
      SWITCHHOOK_DATABASE_URL: 'sqlite:./data/switchhook.db',
      SWITCHHOOK_WEBHOOK_URL: app.url,
      SWITCHHOOK_SIP_REQUESTS_PER_SECOND: '10000',
      SWITCHHOOK_REFER_BYE_GRACE_MS: '150',
      SWITCHHOOK_REFER_INBOUND: 'follow',
    };
    app.connects(`http://${this.#httpAddress}`, apiKey);
    this.#spare = this.#spawn();
  }

  static async open(): Promise<Lane> {
    const app = await Application.open();
    return new Lane(app, { sip: await freePort(), http: await freePort(), rtp: await freePorts(rtpPorts) });
  }

  /** Starts the server on what the last one has left. */
  async start(): Promise<void> {
    const program = this.#spare;
    this.#running = program;
    program.write('go');
    await program.line(new RegExp(`${this.#httpAddress}\\b`));
    this.#spare = this.#spawn();
  }

  /** Resolves once the running server will die at this point; the empty one is never reached. */
  async arm(point: string): Promise<void> {
    const program = this.#program;
    const from = program.lines.length;
    program.write(`arm ${point}`);
    await program.line(/^armed /, from);
    this.#read = readFileSync(this.#tracePath, 'utf8').length;
  }

  /** Resolves when the running server dies, whatever of. */
  get death(): Promise<unknown> {
    return this.#program.ended;
  }

  /** What has happened in the server since it was armed, in order. */
  trace(): readonly string[] {
    return readFileSync(this.#tracePath, 'utf8').slice(this.#read).split('\n').filter(Boolean);
  }

  /** What the running server complains of in its log. */
  errors(): readonly string[] {
    return this.#program.lines.filter((line) => line.includes('"level":"error"'));
  }

  tail(): string {
    return this.#program.tail(15);
  }

  /** Ends the server as asked for: it must be able to. */
  async close(): Promise<void> {
    await this.#running?.stop();
    await this.#spare.kill();
    await this.app.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  get #tracePath(): string {
    return join(this.#folder, 'trace');
  }

  get #program(): Program {
    if (!this.#running) throw new Error('The server was never started.');
    return this.#running;
  }

  #spawn(): Program {
    const options = { cwd: this.#folder, env: this.#settings, listens: true };
    return new Program('Switchhook', process.execPath, ['--import', killPoints, main], options);
  }
}
