import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Telnyx from 'telnyx';
import { openSqlite } from '../../src/store/sqlite.ts';
import { loadSigner } from '../../src/webhook/signature.ts';

const client = new Telnyx({ apiKey: 'unused' });
const body =
  '{"data":{"event_type":"call.refer.completed","id":"Zoë ☎"},"meta":{"attempt":1,"delivered_to":"http://a/"}}';
const now = () => Math.floor(Date.now() / 1_000);

async function unwrap(key: string, signature: string, timestamp: number, signed = body): Promise<unknown> {
  const headers = { 'Telnyx-Signature-Ed25519': signature, 'Telnyx-Timestamp': String(timestamp) };
  return client.webhooks.unwrap(signed, { headers, key });
}

describe('webhook signature', () => {
  for (const threads of [false, true]) {
    it(`is accepted by the official client, signed ${threads ? 'on the thread pool' : 'in line'}`, async (t) => {
      const store = openSqlite(':memory:');
      t.after(() => store.close());
      const signer = await loadSigner(store, { threads });
      assert.match(signer.publicKey, /^[A-Za-z0-9+/]{43}=$/);
      const signature = await signer.sign(now(), body);
      assert.match(signature, /^[A-Za-z0-9+/]{86}==$/);
      assert.deepEqual(await unwrap(signer.publicKey, signature, now()), JSON.parse(body));
      await assert.rejects(unwrap(signer.publicKey, signature, now(), `${body} `), /signature/i);
    });
  }

  it('is refused by the official client when it is old', async (t) => {
    const store = openSqlite(':memory:');
    t.after(() => store.close());
    const signer = await loadSigner(store, { threads: false });
    const old = now() - 301;
    await assert.rejects(unwrap(signer.publicKey, await signer.sign(old, body), old), /timestamp|old/i);
  });

  it('has one key for the life of the store', async (t) => {
    const store = openSqlite(':memory:');
    t.after(() => store.close());
    const first = await loadSigner(store, { threads: false });
    const second = await loadSigner(store, { threads: true });
    assert.equal(second.publicKey, first.publicKey);
    assert.equal(await second.sign(1, body), await first.sign(1, body));
    const other = openSqlite(':memory:');
    t.after(() => other.close());
    assert.notEqual((await loadSigner(other, { threads: false })).publicKey, first.publicKey);
  });

  it('does not replace a key that it cannot read', async (t) => {
    const store = openSqlite(':memory:');
    t.after(() => store.close());
    for (const value of ['', 'nonsense']) {
      await store.put('webhook-signing-key', value);
      await assert.rejects(loadSigner(store, { threads: false }), /not an Ed25519 private key\. Restore the database/);
      assert.equal(await store.get('webhook-signing-key'), value);
    }
  });
});
