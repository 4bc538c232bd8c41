// A phone with a user at it, whatever program it is: how it is set up, and what that user can do. It answers whoever
// calls, and follows whoever refers it.
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import type { Program } from './program.ts';

export interface PhoneOptions {
  readonly transport: TransportName;
  /** The port of who it talks to. */
  readonly server: number;
  /** Who it registers as. Without one it is anybody, and does not. */
  readonly account?: Account;
  /** The file with the authorities it trusts. */
  readonly ca?: string;
}

export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface Phone {
  readonly program: Program;
  /** What it says once a call of its own, or one it has answered, stands. */
  readonly isInCall: RegExp;
  calls(uri: string): void;
  hangsUp(): void;
  holds(): void;
  resumes(): void;
  /** In a call that stands. */
  offersAgain(): void;
  /** The other side of its call. */
  refersTo(uri: string): void;
  /** Hangs up what is left, leaves the registrar, and ends. */
  leaves(): Promise<void>;
}
