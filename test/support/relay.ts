// A bad network on real sockets: it stands between a peer and a server on loopback and passes datagrams on as its faults
// have it, late ones by the clock it is lent. The server sees it in the peer's place.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Target, Transport } from '../../src/sip/transport/transport.ts';
import type { Clock } from '../../src/system.ts';
import { type Fate, type Faults, fateBy } from './faults.ts';

const host = '127.0.0.1';

export class Relay {
  readonly #clock: Clock;
  readonly #fate: Fate;
  readonly #near = createSocket('udp4');
  readonly #far = createSocket('udp4');
  /** How many datagrams came in, and how many went out. */
  readonly counts = { taken: 0, passed: 0 };

  constructor(clock: Clock, faults: Faults) {
    this.#clock = clock;
    this.#fate = fateBy(faults);
  }

  /** Binds both sides; what they pass on goes to these ports. */
  async open(peerPort: number, serverPort: number): Promise<void> {
    this.#near.on('message', (bytes) => this.#pass(bytes, this.#far, serverPort));
    this.#far.on('message', (bytes) => this.#pass(bytes, this.#near, peerPort));
    for (const socket of [this.#near, this.#far]) {
      socket.bind(0, host);
      await once(socket, 'listening');
    }
  }

  /** Where the server finds the peer. */
  get contact(): { readonly host: string; readonly port: number } {
    return { host, port: this.#far.address().port };
  }

  /** The peer's transport, whose way to everywhere is this relay. */
  before(transport: Transport): Transport {
    return {
      name: transport.name,
      get local() {
        return transport.local;
      },
      listen: (receive) => transport.listen(receive),
      send: (text, target, failed) => transport.send(text, this.#insteadOf(target), failed),
      close: () => transport.close(),
    };
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }

  #insteadOf(target: Target): Target {
    return { ...target, host, port: this.#near.address().port };
  }

  #pass(bytes: Buffer, by: Socket, port: number): void {
    this.counts.taken += 1;
    for (const ms of this.#fate(bytes.toString('latin1'))) {
      if (ms === 0) this.#send(bytes, by, port);
      else this.#clock.after(ms, () => this.#send(bytes, by, port));
    }
  }

  #send(bytes: Buffer, by: Socket, port: number): void {
    this.counts.passed += 1;
    by.send(bytes, port, host);
  }
}
