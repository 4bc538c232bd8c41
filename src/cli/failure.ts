// Why a start failed, for the operator: what is in the way of this machine's sockets and files, in one sentence.
import type { Settings } from '../config.ts';
import { CertificateError } from '../sip/transport/certificates.ts';
import { StoreError } from '../store/error.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process is using this address and port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this port needs more rights than the process has',
  EAFNOSUPPORT: 'this machine does not speak this version of IP',
  ENOTFOUND: 'this host name leads nowhere',
};

/** Null if nothing outside of us explains it: then it is a bug. */
export function startFailure(
  error: unknown,
  { httpListen: { host, port } }: Pick<Settings, 'httpListen'>,
): string | null {
  if (error instanceof StoreError) return `${error.message} SWITCHHOOK_DATABASE_URL names the database.`;
  if (error instanceof CertificateError) {
    return `${error.message} SWITCHHOOK_TLS_CERTIFICATE, SWITCHHOOK_TLS_KEY and SWITCHHOOK_TLS_CA name the files of TLS.`;
  }
  const { message = '', code = '' } = error as NodeJS.ErrnoException;
  if (message.startsWith('Cannot listen on ')) return `${message} SWITCHHOOK_SIP_LISTEN names the addresses of SIP.`;
  if (!reasons[code]) return null;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return `Cannot listen on http://${address}: ${reasons[code]}. SWITCHHOOK_HTTP_LISTEN names the address of the API.`;
}
