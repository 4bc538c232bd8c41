// dnsmasq as the DNS server of a domain: it answers for the records it is given, on loopback, and asks nobody else.
import { pathOfPeer } from './peers.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

export class Dnsmasq {
  /** As a setting names it. */
  readonly server: string;

  private constructor(port: number) {
    this.server = `127.0.0.1:${port}`;
  }

  /** `records` are options of dnsmasq without their dashes, such as `host-record=a.example,192.0.2.1`. */
  static async open(scope: Scope, records: readonly string[]): Promise<Dnsmasq> {
    const folder = temporaryFolder(scope);
    const port = await freePort();
    const options = [
      'keep-in-foreground',
      'log-facility=-',
      'log-queries',
      'conf-file=/dev/null',
      'no-resolv',
      'no-hosts',
      'pid-file=',
      'user=',
      'listen-address=127.0.0.1',
      'bind-interfaces',
      `port=${port}`,
      'local=/example/',
      ...records,
    ];
    const args = options.map((option) => `--${option}`);
    const program = new Program('dnsmasq', pathOfPeer('dnsmasq'), args, { cwd: folder });
    scope.after(() => program.stop());
    await program.line(/started, version/);
    return new Dnsmasq(port);
  }
}
