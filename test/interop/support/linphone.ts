// linphonec, the phone of liblinphone for a terminal: it calls, answers whoever calls, follows a REFER, and does what is
// typed. It works only while it waits for a key on a terminal, so `script` lends it one; without a sound card it is silent.
// Its folders are its own, or it would read those of whoever runs the tests.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { pathOfPeer } from './peers.ts';
import type { Phone, PhoneOptions } from './phone.ts';
import { freePort, freePorts } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

const portsOfRtp = 4;

export class Linphone implements Phone {
  readonly program: Program;
  readonly isInCall = /^Media streams established with .* \(audio\)/;
  readonly isHearing = /Stream #0 \(audio\) .* RTP : \[d=\d{2}/;

  private constructor(program: Program) {
    this.program = program;
  }

  static async open(scope: Scope, { transport, account, server, ca }: PhoneOptions): Promise<Linphone> {
    const folder = temporaryFolder(scope);
    const [sip, rtp] = [await freePort(), await freePorts(portsOfRtp)];
    const user = account?.username ?? 'lin';
    const parameter = transport === 'udp' ? '' : `;transport=${transport}`;
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true });
    writeFileSync(join(folder, 'linphonerc'), configuration({ user, transport, sip, rtp, ca }));
    const command = `'${pathOfPeer('linphonec')}' -c linphonerc -a -V -S -d 6`;
    const program = new Program(`linphonec (${user})`, pathOfPeer('script'), ['-qfc', command, '/dev/null'], {
      cwd: folder,
      env: { HOME: folder, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '', TERM: 'dumb', LC_ALL: 'C' },
      listens: true,
    });
    scope.after(() => program.kill());
    await program.line(/Creating listening point/);
    const linphone = new Linphone(program);
    if (account) {
      const uri = named(`sip:127.0.0.1:${server}${parameter}`);
      linphone.#type(`register sip:${user}@127.0.0.1 ${uri} ${account.password}`);
    }
    return linphone;
  }

  calls(uri: string): void {
    this.#type(`call ${named(uri)}`);
  }

  hangsUp(): void {
    this.#type('terminate');
  }

  holds(): void {
    this.#type('pause');
  }

  resumes(): void {
    this.#type('resume');
  }

  /** It offers video as well. */
  offersAgain(): void {
    this.#type('camera on');
  }

  refersTo(uri: string): void {
    this.#type(`transfer ${uri}`);
  }

  /** The other side of one of its calls to the other side of another, counted from 1 as they began. */
  refersToCall(call: number, target: number): void {
    this.#type(`transfer ${call} --to-call ${target}`);
  }

  async leaves(): Promise<void> {
    this.#type('quit');
    await this.program.ends();
  }

  #type(line: string): void {
    this.program.write(line);
  }
}

/** Of what a certificate is for its TLS (mbed TLS 2) reads names alone, no addresses. */
const named = (uri: string): string => (uri.includes('transport=tls') ? uri.replace('127.0.0.1', 'localhost') : uri);

interface Configuration {
  readonly user: string;
  readonly transport: TransportName;
  readonly sip: number;
  readonly rtp: number;
  readonly ca: string | undefined;
}

/** Ports of 0 are closed ones. It asks for a session timer with the shortest interval there is (RFC 4028 §4). */
function configuration({ user, transport, sip, rtp, ca }: Configuration): string {
  const port = (name: TransportName): number => (name === transport ? sip : 0);
  return [
    '[sip]',
    `sip_port=${port('udp')}`,
    `sip_tcp_port=${port('tcp')}`,
    `sip_tls_port=${port('tls')}`,
    'bind_address=127.0.0.1',
    `contact="Linphone" <sip:${user}@127.0.0.1>`,
    'default_proxy=-1',
    'guess_hostname=0',
    'use_ipv6=0',
    'ipv6_migration_done=1', // or it forgets the line above
    'session_expires_enabled=1',
    'session_expires_value=90',
    'session_expires_min_value=90',
    'verify_server_certs=1',
    'verify_server_cn=1',
    ...(ca === undefined ? [] : [`root_ca=${ca}`]),
    '[rtp]',
    `audio_rtp_port=${rtp}`,
    `video_rtp_port=${rtp + 2}`,
    '[net]',
    'firewall_policy=none',
    '[video]',
    'automatically_initiate=0',
    'automatically_accept=0',
    '',
  ].join('\n');
}
