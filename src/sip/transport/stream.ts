// A connection that is a byte stream: TCP, and TLS over it (RFC 3261 §18.3). Cuts it into messages, and knows the CRLF
// keep-alive (RFC 5626 §3.5.1, §4.4.1). Also what both do to listen.
import { isIP, type Server, type Socket } from 'node:net';
import { StreamFramer } from '../message/framing.ts';
import type { Attach, Link, LinkUser } from './connections.ts';
import { listenError } from './listen-error.ts';
import type { LocalAddress } from './transport.ts';

/** How a socket is made: no waiting for more to send, and the kernel asks a silent peer whether it is still there. */
export const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** `openEvent` is what the socket says when it may be written to; null when it is open already. */
export function streamLink<S extends Socket>(
  socket: S,
  openEvent: 'connect' | 'secureConnect' | null,
  speaksFor: (socket: S, host: string) => boolean = () => false,
): Attach {
  return (user) => {
    const framer = new StreamFramer();
    if (openEvent !== null) socket.once(openEvent, () => user.opened());
    socket.on('data', (bytes: Buffer) => user.read(framer.push(bytes), framer.isPartial));
    follow(socket, user);
    return new StreamLink(socket, (host) => speaksFor(socket, host));
  };
}

/** What every socket has to say of its end. */
export function follow(socket: Socket, user: LinkUser): void {
  socket.on('end', () => user.ended());
  socket.on('error', (error) => user.broke(error));
  socket.on('close', () => user.closed());
}

class StreamLink implements Link {
  readonly pongsAlways = false;
  readonly speaksFor: (host: string) => boolean;
  readonly #socket: Socket;

  constructor(socket: Socket, speaksFor: (host: string) => boolean) {
    this.#socket = socket;
    this.speaksFor = speaksFor;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(text: string, failed: (error: Error) => void): void {
    this.#socket.write(text, 'latin1', (error) => {
      if (error) failed(error);
    });
  }

  ping(): void {
    this.#socket.write('\r\n\r\n');
  }

  end(text: string): void {
    this.#socket.end(text, 'latin1');
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }
}

/** Binds a server; resolves to its address, with the port it was given. */
export function bind(server: Server, local: LocalAddress): Promise<LocalAddress> {
  return new Promise((bound, refused) => {
    const fail = (error: Error): void => refused(listenError(local, error));
    server.once('error', fail);
    server.listen({ host: local.host, port: local.port, ipv6Only: isIP(local.host) === 6 }, () => {
      server.off('error', fail);
      const address = server.address();
      bound({ ...local, port: typeof address === 'object' && address !== null ? address.port : local.port });
    });
  });
}

/** Takes no more connections; those that are open are somebody else's to close. */
export function unbind(server: Server): Promise<void> {
  return new Promise((stopped) => {
    server.close(() => stopped());
  });
}
