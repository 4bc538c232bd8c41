// Certificates for tests: an authority of the test's own and what it signs, made anew each time and kept in a folder that
// goes with the test. No key is ever committed.
import './reflect.ts';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  type GeneralNameType,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CertificateFiles } from '../../src/sip/transport/certificates.ts';

export interface Name {
  readonly type: 'dns' | 'ip' | 'url';
  readonly value: string;
}

/** What a test has to hand its closings to. */
interface Closable {
  after(closing: () => void): void;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;

cryptoProvider.set(webcrypto as Crypto);

export class Authority {
  readonly folder: string;
  /** Its own certificate, in PEM. */
  readonly file: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: X509Certificate;
  #signed = 0;

  private constructor(folder: string, keys: webcrypto.CryptoKeyPair, certificate: X509Certificate) {
    this.folder = folder;
    this.file = join(folder, 'authority.pem');
    this.#keys = keys;
    this.#certificate = certificate;
    writeFileSync(this.file, certificate.toString('pem'));
  }

  static async open(test: Closable): Promise<Authority> {
    const folder = mkdtempSync(join(tmpdir(), 'switchhook-certificates-'));
    test.after(() => rmSync(folder, { recursive: true, force: true }));
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: `CN=An authority of a test in ${folder}`,
      ...lifetime(),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new BasicConstraintsExtension(true, 1, true)],
    });
    return new Authority(folder, keys, certificate);
  }

  /** Signs a certificate for these names. Given a file name, what was there before is replaced. */
  async sign(names: readonly Name[], file = `signed-${this.#signed + 1}`): Promise<CertificateFiles> {
    this.#signed += 1;
    const keys = await newKeys();
    const extensions: Extension[] = [
      new SubjectAlternativeNameExtension(names as { type: GeneralNameType; value: string }[]),
    ];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: (this.#signed + 1).toString(16).padStart(2, '0'),
      subject: `CN=Signed ${this.#signed}`,
      issuer: this.#certificate.subject,
      ...lifetime(),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions,
    });
    const files = { certificate: join(this.folder, `${file}.pem`), key: join(this.folder, `${file}.key`) };
    writeFileSync(files.certificate, certificate.toString('pem'));
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    writeFileSync(files.key, PemConverter.encode(key, 'PRIVATE KEY'), { mode: 0o600 });
    return files;
  }
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const lifetime = () => ({ notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) });
