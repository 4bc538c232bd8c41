// Free ports on loopback, known before anybody binds them: a server that is killed must come back on the same ones, and
// the real peers cannot be told to take any. They lie below those that the kernel gives out by itself, in a block that
// this process holds by its first port, so that test files that run side by side never meet.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const blockSize = 200;
const firstBlock = 10_000;
const blocks = 110;

let next: Promise<number> | null = null;

/** A port that is free for UDP and for TCP. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` free ports in a row. An even one: RTP wants that (RFC 3550 §11). */
export async function freePorts(count: number): Promise<number> {
  const before = next ?? claimBlock();
  const found = before.then((from) => firstFree(from, count));
  next = found.then((first) => first + count);
  return found;
}

/** The listener on the first port of the block is what claims it; it does not keep the process alive. */
async function claimBlock(): Promise<number> {
  for (let tried = 0; tried < blocks; tried++) {
    const port = firstBlock + ((process.pid + tried) % blocks) * blockSize;
    if (await bindsTcp(port, true)) return port + 1;
  }
  throw new Error('There is no free block of ports.');
}

async function firstFree(from: number, count: number): Promise<number> {
  const first = from + (from % 2);
  for (let port = first; port < first + count; port++) {
    if (!(await bindsTcp(port)) || !(await bindsUdp(port))) return firstFree(port + 1, count);
  }
  return first;
}

function bindsTcp(port: number, keep = false): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).unref();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => {
      if (keep) resolve(true);
      else server.close(() => resolve(true));
    });
  });
}

function bindsUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
