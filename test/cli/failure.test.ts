import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFailure } from '../../src/cli/failure.ts';
import { CertificateError } from '../../src/sip/transport/certificates.ts';
import { StoreError } from '../../src/store/error.ts';

const v4 = { host: '127.0.0.1', port: 8080 };
const withCode = (code: string) => Object.assign(new Error('listen'), { code });

const cases: [name: string, error: unknown, at: typeof v4, sentence: string | null][] = [
  [
    'the port of the API is taken',
    withCode('EADDRINUSE'),
    v4,
    'Cannot listen on http://127.0.0.1:8080: another process is using this address and port. SWITCHHOOK_HTTP_LISTEN names the address of the API.',
  ],
  [
    'an IPv6 address is in brackets',
    withCode('EADDRNOTAVAIL'),
    { host: '::2', port: 1 },
    'Cannot listen on http://[::2]:1: this machine has no such address. SWITCHHOOK_HTTP_LISTEN names the address of the API.',
  ],
  [
    'a transport cannot listen',
    new Error('Cannot listen on udp:127.0.0.1:5060: another process is using this address and port.'),
    v4,
    'Cannot listen on udp:127.0.0.1:5060: another process is using this address and port. SWITCHHOOK_SIP_LISTEN names the addresses of SIP.',
  ],
  [
    'the database cannot be used',
    new StoreError('The database x is damaged.'),
    v4,
    'The database x is damaged. SWITCHHOOK_DATABASE_URL names the database.',
  ],
  [
    'a file of TLS cannot be used',
    new CertificateError('a.pem cannot be read: there is no such file.'),
    v4,
    'a.pem cannot be read: there is no such file. SWITCHHOOK_TLS_CERTIFICATE, SWITCHHOOK_TLS_KEY and SWITCHHOOK_TLS_CA name the files of TLS.',
  ],
  ['a bug', new TypeError('x is not a function'), v4, null],
  ['not even an error', 'oops', v4, null],
];

for (const [name, error, httpListen, sentence] of cases) {
  test(name, () => assert.equal(startFailure(error, { httpListen }), sentence));
}
