// JsSIP in Node, over Node's own WebSocket: what jssip-user.mjs is, told by the line. Unlike a browser's user it has no port.
import { join } from 'node:path';
import type { Phone, PhoneOptions } from './phone.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

const user = join(import.meta.dirname, 'jssip-user.mjs');

export class JsSip implements Phone {
  readonly program: Program;
  readonly isInCall = /^confirmed/;

  private constructor(program: Program) {
    this.program = program;
  }

  static async open(scope: Scope, { transport, account, server, ca }: PhoneOptions): Promise<JsSip> {
    const who = account ? [account.username, account.password] : ['jssip'];
    const program = new Program('JsSIP', process.execPath, [user, `${transport}://127.0.0.1:${server}`, ...who], {
      cwd: temporaryFolder(scope),
      env: ca === undefined ? {} : { NODE_EXTRA_CA_CERTS: ca },
      listens: true,
    });
    scope.after(() => program.kill());
    await program.line(/^(connected|disconnected)/);
    return new JsSip(program);
  }

  calls(uri: string): void {
    this.program.write(`call ${uri}`);
  }

  hangsUp(): void {
    this.program.write('hangup');
  }

  holds(): void {
    this.program.write('hold');
  }

  resumes(): void {
    this.program.write('resume');
  }

  offersAgain(): void {
    this.program.write('offer');
  }

  refersTo(uri: string): void {
    this.program.write(`refer ${uri}`);
  }

  async leaves(): Promise<void> {
    this.program.write('leave');
    await this.program.ends();
  }
}
