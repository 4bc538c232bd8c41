// Real UDP sockets on loopback for tests: a range of ports that nobody holds, and sockets to hold them.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export const loopback = '127.0.0.1';

export async function bindUdp(port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind({ port, address: loopback, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

export async function closeUdp(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}

/** A range of `count` even ports and the odd ones above them. The even ones were all free a moment ago. */
export async function freeRange(count: number): Promise<{ from: number; to: number }> {
  for (;;) {
    const probe = await bindUdp();
    const from = probe.address().port & ~1;
    await closeUdp(probe);
    const to = from + 2 * count - 1;
    if (to <= 65_535 && (await allFree(from, count))) return { from, to };
  }
}

async function allFree(from: number, count: number): Promise<boolean> {
  const held: Socket[] = [];
  try {
    for (let index = 0; index < count; index += 1) held.push(await bindUdp(from + 2 * index));
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all(held.map(closeUdp));
  }
}
