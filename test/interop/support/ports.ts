// Free ports on loopback, known before anybody binds them: a server that is killed must come back on the same ones, and
// the real peers cannot be told to take any. They lie below those that the kernel gives out by itself, in blocks that
// this process holds by their first ports, so that test files that run side by side never meet.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const blockSize = 200;
const firstBlock = 10_000;
const blocks = 110;

/** The ports of the block that are not given out yet. */
interface Rest {
  readonly from: number;
  readonly end: number;
}

let rest: Promise<Rest> = Promise.resolve({ from: 0, end: 0 });

/** A port that is free for UDP and for TCP. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` free ports in a row. An even one: RTP wants that (RFC 3550 §11). */
export async function freePorts(count: number): Promise<number> {
  const found = rest.then((before) => firstFree(before, count));
  rest = found.then(({ first, end }) => ({ from: first + count, end }));
  return (await found).first;
}

/** A block that is used up is followed by another one: what lies behind it may be another process's. */
async function firstFree({ from, end }: Rest, count: number): Promise<{ first: number; end: number }> {
  const first = from + (from % 2);
  if (first + count > end) return firstFree(await claimBlock(), count);
  for (let port = first; port < first + count; port++) {
    if (!(await bindsTcp(port)) || !(await bindsUdp(port))) return firstFree({ from: port + 1, end }, count);
  }
  return { first, end };
}

/** The listener on the first port of the block is what claims it; it does not keep the process alive. */
async function claimBlock(): Promise<Rest> {
  for (let tried = 0; tried < blocks; tried++) {
    const first = firstBlock + ((process.pid + tried) % blocks) * blockSize;
    if (await bindsTcp(first, true)) return { from: first + 1, end: first + blockSize };
  }
  throw new Error('There is no free block of ports.');
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
