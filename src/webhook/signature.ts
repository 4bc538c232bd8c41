// The signature of a webhook: Ed25519 over `timestamp|body`, as the official client verifies it; and its key, which is
// made on first start and kept in the store.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Store } from '../store/store.ts';

export interface Signer {
  /** The raw 32 bytes of the public key in base64: what an application gives to its client. */
  readonly publicKey: string;
  /** The signature, in base64, of a body sent at this Unix time in seconds. */
  sign(timestamp: number, body: string): string | Promise<string>;
}

interface SignerOptions {
  /**
   * Sign on the thread pool instead of in line. Where a second core is idle that takes 45 µs of each webhook off the
   * main thread and puts back 7; on a single core it only adds 9.
   */
  readonly threads: boolean;
}

const keyName = 'webhook-signing-key';

/** The signer of this store: its key is read, or made and kept. */
export async function loadSigner(store: Pick<Store, 'get' | 'put'>, { threads }: SignerOptions): Promise<Signer> {
  const kept = await store.get(keyName);
  const pem = kept ?? makeKey();
  if (kept === null) await store.put(keyName, pem);
  const key = readKey(pem);
  return { publicKey: rawPublicKey(key), sign: threads ? signOnThread(key) : signInLine(key) };
}

function makeKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`it is of type ${key.asymmetricKeyType}`);
    return key;
  } catch (cause) {
    const remedy = 'Restore the database from a backup; a new key would make every application refuse our webhooks.';
    throw new Error(`The value '${keyName}' in the store is not an Ed25519 private key. ${remedy}`, { cause });
  }
}

function rawPublicKey(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url').toString('base64');
}

function signInLine(key: KeyObject): Signer['sign'] {
  return (timestamp, body) => sign(null, signedBytes(timestamp, body), key).toString('base64');
}

function signOnThread(key: KeyObject): Signer['sign'] {
  return (timestamp, body) =>
    new Promise((resolve, reject) => {
      sign(null, signedBytes(timestamp, body), key, (error, signature) => {
        if (error) reject(error);
        else resolve(signature.toString('base64'));
      });
    });
}

function signedBytes(timestamp: number, body: string): Buffer {
  return Buffer.from(`${timestamp}|${body}`);
}
