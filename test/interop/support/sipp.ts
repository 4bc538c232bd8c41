// SIPp with one scenario and one call, as a caller or as who is called. What it saw stands in the error when it fails.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { pathOfPeer } from './peers.ts';
import { freePort } from './ports.ts';
import { Program, patienceMs } from './program.ts';
import { type Step, scenarioXml } from './scenario.ts';
import { type Scope, temporaryFolder } from './scope.ts';

export interface SippOptions {
  readonly transport: TransportName;
  readonly steps: readonly Step[];
  /** Whom it calls, and where; without it SIPp waits to be called. */
  readonly calls?: { readonly user: string; readonly port: number };
}

/** For the whole call, in seconds: SIPp fails after that. */
const timeoutSecs = 25;
/** On loopback an error comes back at once. */
const noErrorMs = 20;

export class Sipp {
  readonly port: number;
  readonly #program: Program;
  readonly #folder: string;

  private constructor(port: number, program: Program, folder: string) {
    this.port = port;
    this.#program = program;
    this.#folder = folder;
  }

  static async open(scope: Scope, name: string, { transport, steps, calls }: SippOptions): Promise<Sipp> {
    const folder = temporaryFolder(scope);
    const [port, control] = [await freePort(), await freePort()];
    writeFileSync(join(folder, 'scenario.xml'), scenarioXml(name, transport, await freePort(), steps));
    const to = calls ? [`127.0.0.1:${calls.port}`, '-s', calls.user] : [];
    const args = [
      ...to,
      ...['-sf', 'scenario.xml', '-t', transport === 'udp' ? 'u1' : 't1', '-m', '1'],
      ...['-i', '127.0.0.1', '-p', `${port}`, '-mi', '127.0.0.1'],
      ...['-ci', '127.0.0.1', '-cp', `${control}`],
      ...['-timeout', `${timeoutSecs}`, '-timeout_error', '-nostdin'],
      ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
    ];
    const program = new Program(`SIPp (${name})`, pathOfPeer('sipp'), args, { cwd: folder, env: { TERM: 'dumb' } });
    scope.after(() => program.kill());
    if (!calls) await takesCommands(control);
    return new Sipp(port, program, folder);
  }

  /** Resolves when its call went as its scenario says. */
  async succeeds(): Promise<void> {
    const { code } = await this.#program.ends((timeoutSecs + 5) * 1000);
    if (code !== 0)
      throw new Error(`${this.#program.name} ended with ${code}.\n${this.#read('errors.log')}\n${this.messages}`);
  }

  /** Every message it has sent and got. */
  get messages(): string {
    return this.#read('messages.log');
  }

  #read(file: string): string {
    try {
      return readFileSync(join(this.#folder, file), 'latin1');
    } catch {
      return `(no ${file})`;
    }
  }
}

/** The port for its commands is the last that it opens: until then nobody is there, and a datagram comes back as an error. */
async function takesCommands(port: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await takes(port))) {
    if (Date.now() > deadline) throw new Error(`SIPp has not opened its port ${port}.`);
  }
}

async function takes(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.send(' ');
    return await Promise.race([once(socket, 'error').then(() => false), wait(noErrorMs, true)]);
  } finally {
    socket.close();
  }
}
