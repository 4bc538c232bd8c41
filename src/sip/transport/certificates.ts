// What TLS proves itself and others by: our certificates with their keys, and the authorities that are believed. They are
// read from files, and read again when those change or when somebody asks: what is wrong then is logged, and the old ones
// stay in force. Knows which certificate answers to which name (SNI) and whom one is for (RFC 5922 §7.1).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  checkServerIdentity as checkDnsIdentity,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
  type TlsOptions,
} from 'node:tls';
import type { System, Timer } from '../../system.ts';

/** The paths of a certificate and of its private key. */
export interface CertificateFiles {
  /** PEM, the certificate first and those it was signed by after it. */
  readonly certificate: string;
  readonly key: string;
}

/** Which files there are, and what is asked of clients. */
export interface CertificatesOptions {
  readonly system: System;
  /** The first one answers whoever names no host, or none of ours. */
  readonly own: readonly CertificateFiles[];
  /** Who is believed beside the authorities that Node knows; null: only those. Clients are believed only by it. */
  readonly authorities: string | null;
  /** What is asked of a client, where there are authorities to judge it by. */
  readonly clients: 'required' | 'asked' | 'none';
  /** How often the files are looked at. */
  readonly checkMs?: number;
}

/** What the files say, and the sentence for an operator when they cannot be used. */
export class CertificateError extends Error {}

/** One of ours, ready to be shown. */
interface Own {
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

interface Loaded {
  /** All that was read, to see what changed. */
  readonly texts: readonly string[];
  readonly own: readonly Own[];
  readonly authorities: string | null;
  /** For the connections that we open. */
  readonly client: SecureContext;
}

const standardCheckMs = 10_000;

/**
 * As RFC 9325 §3.1.1 and §4.2 recommend: whoever reads the key later reads no call of before.
 * Deviation: the suite that RFC 3261 §26.2.1 demands, TLS_RSA_WITH_AES_128_CBC_SHA, is not among them: RFC 9325 §4.1 advises against it.
 */
const modern = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ].join(':'),
} as const;

/**
 * Certificates for TlsTransport and WebSocketTransport, read again when their files change. `close` it when they are closed.
 */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #changed = new Set<() => void>();
  #loaded: Loaded;
  #timer: Timer = null;

  /** Reads them; throws a CertificateError. */
  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#loaded = load(options);
    this.#watch();
  }

  /** For a server: the certificate by the name that is asked for, and what is asked of clients. */
  get serverOptions(): TlsOptions {
    const { authorities } = this.#loaded;
    const asks = authorities !== null && this.#options.clients !== 'none';
    return {
      ...this.contextOptions,
      requestCert: asks,
      rejectUnauthorized: asks && this.#options.clients === 'required',
      SNICallback: (name, found) => found(null, this.contextFor(name)),
    };
  }

  /** The context for whoever names no host. */
  get contextOptions(): TlsOptions {
    const { texts, authorities } = this.#loaded;
    return { ...modern, cert: texts[0], key: texts[1], ...(authorities !== null && { ca: authorities }) };
  }

  get clientContext(): SecureContext {
    return this.#loaded.client;
  }

  contextFor(name: string): SecureContext | undefined {
    const { own } = this.#loaded;
    return (own.find(({ certificate }) => certificate.checkHost(name) !== undefined) ?? own[0])?.context;
  }

  /** Called when there are others in force. */
  onChange(changed: () => void): void {
    this.#changed.add(changed);
  }

  /** Reads the files again. The sentence that says why the old ones stay, or null. */
  reload(): string | null {
    const { log } = this.#options.system;
    try {
      const loaded = load(this.#options);
      if (loaded.texts.join('') === this.#loaded.texts.join('')) return null;
      this.#loaded = loaded;
      for (const changed of this.#changed) changed();
      log.info(
        { certificates: this.#options.own.map(({ certificate }) => certificate) },
        'TLS certificates were read again',
      );
      return null;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      log.error({ err: error }, 'TLS certificates were not read again: those in force stay');
      return error.message;
    }
  }

  close(): void {
    this.#options.system.clock.cancel(this.#timer);
  }

  /** Files are compared by what is in them: names that are swapped and links that are turned would escape a watcher. */
  #watch(): void {
    const { system, checkMs = standardCheckMs } = this.#options;
    this.#timer = system.clock.after(checkMs, () => {
      if (this.#hasChanged()) this.reload();
      this.#watch();
    });
  }

  /** A file that is gone, or half written, is looked at again. */
  #hasChanged(): boolean {
    try {
      return textsOf(this.#options).join('') !== this.#loaded.texts.join('');
    } catch {
      return false;
    }
  }
}

function load(options: CertificatesOptions): Loaded {
  const texts = textsOf(options);
  const authorities = options.authorities === null ? null : texts.at(-1)!;
  if (authorities !== null) certificateIn(authorities, options.authorities!);
  const ca = authorities === null ? undefined : authorities;
  const own = options.own.map((files, at) => ownFrom(files, texts[2 * at]!, texts[2 * at + 1]!, ca));
  const shown = own.length === 0 ? {} : { cert: texts[0]!, key: texts[1]! };
  const believed = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  return { texts, own, authorities, client: createSecureContext({ ...modern, ...shown, ...believed }) };
}

function textsOf({ own, authorities }: CertificatesOptions): string[] {
  const paths = own.flatMap(({ certificate, key }) => [certificate, key]);
  return [...paths, ...(authorities === null ? [] : [authorities])].map(textOf);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new CertificateError(`${path} cannot be read: ${reasons[code] ?? message}.`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
};

function ownFrom(files: CertificateFiles, cert: string, key: string, ca: string | undefined): Own {
  const certificate = certificateIn(cert, files.certificate);
  if (!certificate.checkPrivateKey(keyIn(key, files.key))) {
    throw new CertificateError(`The key in ${files.key} does not belong to the certificate in ${files.certificate}.`);
  }
  return { certificate, context: createSecureContext({ cert, key, ...(ca !== undefined && { ca }) }) };
}

function certificateIn(text: string, path: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new CertificateError(`There is no certificate in ${path}: it must be PEM text.`, { cause: error });
  }
}

function keyIn(text: string, path: string) {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new CertificateError(`There is no key in ${path}: it must be PEM text, and have no password.`, {
      cause: error,
    });
  }
}

/**
 * Why this certificate is not for this host, or undefined. RFC 5922 §7.1: the SIP URIs of a certificate say for which
 * domains it is; only one that has none is judged by its DNS names and addresses.
 */
export function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  const names = certificate.subjectaltname ?? '';
  const uris = [...names.matchAll(/(?:^|, )URI:sip:([^,@;?]+)(?=,|$)/gi)].map(([, domain]) => domain!.toLowerCase());
  if (uris.length === 0) return checkDnsIdentity(host, certificate);
  return uris.includes(host.toLowerCase())
    ? undefined
    : new Error(`The certificate is for ${uris.join(', ')}, not for ${host}.`);
}
