// baresip without a terminal: a phone that calls once, says a tone, and follows a REFER as its user would.
// What it needs to run like that in 1.0.0: `menu` (which is who follows a REFER), `aufile` with a WAV of 8 kHz as the
// microphone (`ausine` runs at 48 kHz only), `aubridge` as the loudspeaker. It hangs up where the file ends.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { pathOfPeer } from './peers.ts';
import { freePorts } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

export interface BaresipOptions {
  readonly calls: string;
  readonly at: number;
  readonly transport: TransportName;
}

/** Its SIP takes two: with the port it is told it opens the next one for TLS. */
const portsOfSip = 2;
const portsOfRtp = 10;
const toneSecs = 60;

export class Baresip {
  readonly program: Program;

  private constructor(program: Program) {
    this.program = program;
  }

  static async open(scope: Scope, { calls, at, transport }: BaresipOptions): Promise<Baresip> {
    const folder = temporaryFolder(scope);
    const sip = await freePorts(portsOfSip);
    const rtp = await freePorts(portsOfRtp);
    writeFileSync(join(folder, 'tone.wav'), tone());
    writeFileSync(join(folder, 'accounts'), '<sip:bare@127.0.0.1>;regint=0\n');
    writeFileSync(join(folder, 'config'), configuration(folder, sip, rtp));
    const uri = `sip:${calls}@127.0.0.1:${at}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    const args = ['-f', folder, '-s', '-e', `/dial ${uri}`];
    const program = new Program(`baresip (${calls})`, pathOfPeer('baresip'), args, { cwd: folder });
    scope.after(() => program.kill());
    return new Baresip(program);
  }

  /** What it counted of the call it ended: RTP packets sent and received, and errors of both. */
  async counts(): Promise<{ sent: number; received: number; errors: readonly number[] }> {
    const [, sent, received] = await this.program.line(/^packets: +(\d+) +(\d+)/);
    const [, ofSending, ofReceiving] = await this.program.line(/^errors: +(\d+) +(\d+)/);
    return { sent: Number(sent), received: Number(received), errors: [Number(ofSending), Number(ofReceiving)] };
  }

  /** Hangs up what is left, and ends. */
  async stop(): Promise<void> {
    await this.program.stop();
  }
}

function configuration(folder: string, sip: number, rtp: number): string {
  const modules = ['g711', 'aufile', 'aubridge', 'account', 'menu'];
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${sip}`,
    'net_interface 127.0.0.1',
    `audio_source aufile,${join(folder, 'tone.wav')}`,
    'audio_player aubridge,loudspeaker',
    'audio_alert aubridge,bell',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    `rtp_ports ${rtp}-${rtp + portsOfRtp - 1}`,
    'rtp_stats yes',
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
