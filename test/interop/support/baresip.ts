// baresip without a terminal: a phone that says a tone, follows a REFER as its user would, answers whoever calls, and does
// what it is told by a connection. What it needs to run like that in 1.0.0: `menu` (which is who follows a REFER), `aufile`
// with a WAV of 8 kHz as the microphone (`ausine` runs at 48 kHz only), `aubridge` as the loudspeaker. It hangs up where the
// file ends. An algorithm of digest that it does not know makes it give up, and begin anew half a minute later.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { type Netstrings, openNetstrings } from './netstrings.ts';
import { pathOfPeer } from './peers.ts';
import type { Phone, PhoneOptions } from './phone.ts';
import { freePort, freePorts } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

/** Its SIP takes two: with the port it is told it opens the next one for TLS. */
const portsOfSip = 2;
const portsOfRtp = 10;
const toneSecs = 60;

export class Baresip implements Phone {
  readonly program: Program;
  readonly isInCall = /^CALL_ESTABLISHED/;
  readonly isHearing = /audio=\d+\/\d{5}/;
  readonly #control: Netstrings;

  private constructor(program: Program, control: Netstrings) {
    this.program = program;
    this.#control = control;
  }

  static async open(scope: Scope, options: PhoneOptions): Promise<Baresip> {
    const folder = temporaryFolder(scope);
    const [sip, rtp, control] = [await freePorts(portsOfSip), await freePorts(portsOfRtp), await freePort()];
    writeFileSync(join(folder, 'tone.wav'), tone());
    writeFileSync(join(folder, 'accounts'), accountOf(options));
    writeFileSync(join(folder, 'config'), configuration(folder, { sip, rtp, control }, options.ca));
    const user = options.account?.username ?? 'bare';
    const program = new Program(`baresip (${user})`, pathOfPeer('baresip'), ['-f', folder, '-s'], { cwd: folder });
    scope.after(() => program.kill());
    await program.line(/baresip is ready/);
    const connection = await openNetstrings(scope, control, (value) => program.hears(told(value)));
    return new Baresip(program, connection);
  }

  /** The transport of its account it adds by itself. */
  calls(uri: string): void {
    this.#command('dial', uri.replace(/;transport=.*/, ''));
  }

  hangsUp(): void {
    this.#command('hangup');
  }

  holds(): void {
    this.#command('hold');
  }

  resumes(): void {
    this.#command('resume');
  }

  offersAgain(): void {
    this.#command('reinvite');
  }

  /** It writes into Refer-To what it is told: without brackets a parameter would be one of the header (RFC 3261 §20). */
  refersTo(uri: string): void {
    this.#command('transfer', `<${uri}>`);
  }

  /** What it counted of the call it ended: RTP packets sent and received, and errors of both. */
  async counts(): Promise<{ sent: number; received: number; errors: readonly number[] }> {
    const [, sent, received] = await this.program.line(/^packets: +(\d+) +(\d+)/);
    const [, ofSending, ofReceiving] = await this.program.line(/^errors: +(\d+) +(\d+)/);
    return { sent: Number(sent), received: Number(received), errors: [Number(ofSending), Number(ofReceiving)] };
  }

  async leaves(): Promise<void> {
    await this.program.stop();
  }

  #command(command: string, params?: string): void {
    this.#control.write({ command, params });
  }
}

const parameterOf = (transport: TransportName): string => (transport === 'udp' ? '' : `;transport=${transport}`);

function accountOf({ transport, account, server }: PhoneOptions): string {
  const name = account?.username ?? 'bare';
  const host = `127.0.0.1${account ? `:${server}` : ''}`;
  const secret = account ? `;auth_user=${name};auth_pass=${account.password}` : '';
  const registers = account ? 'regint=60' : 'regint=0';
  return `<sip:${name}@${host}${parameterOf(transport)}>${secret};${registers};answermode=auto\n`;
}

/** An event, or the answer to a command, in a line. */
function told(value: unknown): string {
  const { event, type, param, ok, data } = value as Record<string, unknown>;
  return event ? `${type} ${param ?? ''}` : `${ok ? 'did' : 'could not do'} as told: ${data ?? ''}`;
}

function configuration(
  folder: string,
  { sip, rtp, control }: Record<'sip' | 'rtp' | 'control', number>,
  ca: string | undefined,
): string {
  const modules = ['g711', 'aufile', 'aubridge', 'account', 'menu', 'ctrl_tcp'];
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${sip}`,
    ...(ca === undefined ? [] : [`sip_cafile ${ca}`]),
    'net_interface 127.0.0.1',
    `audio_source aufile,${join(folder, 'tone.wav')}`,
    'audio_player aubridge,loudspeaker',
    'audio_alert aubridge,bell',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    `rtp_ports ${rtp}-${rtp + portsOfRtp - 1}`,
    'rtp_stats yes',
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    `module_path ${modulePath()}`,
    ...modules.map((name) => `module ${name}.so`),
    '',
  ].join('\n');
}

const modulePath = (): string => join(dirname(dirname(pathOfPeer('baresip'))), 'lib/baresip/modules');

/** A WAV of one channel, 8 kHz, 16 bits: 400 Hz, a period in 20 samples. */
function tone(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate * toneSecs * 2);
  for (let at = 0; at < samples.length / 2; at++) {
    samples.writeInt16LE(Math.round(8000 * Math.sin((at % 20) * (Math.PI / 10))), at * 2);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}
