// Netstrings of JSON on a TCP connection: how baresip is told what to do, and tells what happens.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Scope } from './scope.ts';

/** Connects, and gives whatever comes to `take`. */
export async function openNetstrings(scope: Scope, port: number, take: (value: unknown) => void): Promise<Netstrings> {
  const socket = connect({ port, host: '127.0.0.1' });
  scope.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => {});
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    for (;;) {
      const length = /^(\d+):/.exec(rest);
      if (!length) return;
      const from = length[0].length;
      const to = from + Number(length[1]);
      if (rest.length <= to) return;
      take(JSON.parse(rest.slice(from, to)));
      rest = rest.slice(to + 1);
    }
  });
  return new Netstrings(socket);
}

export class Netstrings {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(value: unknown): void {
    const text = JSON.stringify(value);
    this.#socket.write(`${text.length}:${text},`, 'latin1');
  }
}
