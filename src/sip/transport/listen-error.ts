// Why a listener could not be bound, in a sentence an operator can act on.
import type { LocalAddress } from './transport.ts';

const sentences: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process is using this address and port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this port needs more rights than the process has',
  EAFNOSUPPORT: 'this machine does not speak this version of IP',
};

export function listenError({ transport, host, port }: LocalAddress, cause: NodeJS.ErrnoException): Error {
  const address = `${transport}:${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Error(`Cannot listen on ${address}: ${sentences[cause.code ?? ''] ?? cause.message}.`, { cause });
}
