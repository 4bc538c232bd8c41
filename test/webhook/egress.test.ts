// Where webhooks may go, by address and by name, whatever the form.
import assert from 'node:assert/strict';
import type { LookupAddress, lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { openSqlite } from '../../src/store/sqlite.ts';
import { realClock } from '../../src/system.ts';
import { Delivery } from '../../src/webhook/delivery.ts';
import { egressTo, Forbidden } from '../../src/webhook/egress.ts';
import { openPost, type Post } from '../../src/webhook/post.ts';
import { batch, destination, event } from '../conformance/store.ts';
import { fakeSystem } from '../support/fake-system.ts';

const strict = { allow: [], loopback: false };

describe('egress: addresses', () => {
  const inner = [
    ...['127.0.0.1', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '127.0.0.1.', '10.1.2.3', '172.16.0.1'],
    ...['172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '100.100.100.200', '0.0.0.0', '0.1.2.3'],
    ...['224.0.0.1', '255.255.255.255', '192.0.0.192', '198.18.0.1', '168.63.129.16', '[::]', '[::1]', '[::7f00:1]'],
    ...['[::ffff:10.0.0.1]', '[::ffff:7f00:1]', '[fc00::1]', '[fd00:ec2::254]', '[fe80::1]', '[ff02::1]', '[fec0::1]'],
    ...['[64:ff9b::10.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::1]', '[2002:7f00:1::]', '[2002:c0a8:1::1]'],
  ];
  for (const host of inner) {
    it(`${host} is inside`, () => {
      assert.match(egressTo(strict).faultOf(`http://${host}:8080/x`) ?? '', /SWITCHHOOK_WEBHOOK_ALLOW/);
    });
  }
  const outer = [
    ...['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '100.128.0.1', '169.253.0.1', '11.0.0.1', '223.0.0.1'],
    ...['[2606:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::808:808]', '[2002:808:808::1]', 'app.example', 'localhost'],
  ];
  for (const host of outer) {
    it(`${host} is outside, or has to be looked up`, () => {
      assert.equal(egressTo(strict).faultOf(`http://${host}/x`), null);
    });
  }

  it('what is allowed may be reached, and no more', () => {
    const { faultOf } = egressTo({ allow: ['10.0.0.0/8', '::1', 'app.internal'], loopback: false });
    for (const host of ['10.9.9.9', '[::ffff:10.0.0.1]', '[::1]']) assert.equal(faultOf(`http://${host}/`), null, host);
    for (const host of ['127.0.0.1', '192.168.0.1']) assert.notEqual(faultOf(`http://${host}/`), null, host);
  });

  it('loopback may be reached where that is said', () => {
    const { faultOf } = egressTo({ allow: [], loopback: true });
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]']) assert.equal(faultOf(`http://${host}/`), null, host);
    assert.notEqual(faultOf('http://10.0.0.1/'), null);
  });
});

/** A name server that says something else each time, and the last of it from then on. */
function names(...answers: readonly (readonly string[])[]): typeof lookup {
  let asked = 0;
  const find = (_: string, __: object, tell: (error: Error | null, found: LookupAddress[]) => void): void => {
    const found = answers[Math.min(asked++, answers.length - 1)] ?? [];
    tell(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return find as unknown as typeof lookup;
}

describe('egress: names', () => {
  const looked = (allow: readonly string[], name: string, addresses: readonly string[], all = true) =>
    new Promise<unknown>((resolve) => {
      egressTo({ allow, loopback: false }, names(addresses)).lookup(name, { all }, (error, found) => {
        resolve(error ?? (typeof found === 'string' ? found : found.map(({ address }) => address)));
      });
    });

  it('lead only to those of their addresses that may be reached', async () => {
    assert.deepEqual(await looked([], 'app.example', ['10.0.0.1', '8.8.8.8', '::1']), ['8.8.8.8']);
    assert.deepEqual(await looked([], 'app.example', ['10.0.0.1', '8.8.8.8'], false), '8.8.8.8');
    const error = await looked([], 'app.example', ['10.0.0.1', '::ffff:127.0.0.1']);
    assert.ok(error instanceof Forbidden);
    assert.match(error.message, /app\.example \(10\.0\.0\.1, ::ffff:127\.0\.0\.1\)/);
  });

  it('are allowed by name, as a whole', async () => {
    assert.deepEqual(await looked(['App.Internal'], 'app.internal.', ['10.0.0.1']), ['10.0.0.1']);
    assert.ok((await looked(['internal'], 'app.internal', ['10.0.0.1'])) instanceof Forbidden);
  });
});

/** A receiver on loopback, what it was asked, and a Post that finds names by `find`. */
async function receiver(t: TestContext, find: typeof lookup, allow: readonly string[] = []) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    response.writeHead(to ? 307 : 200, to ? { Location: to } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { post, close } = openPost(realClock, 4, egressTo({ allow, loopback: false }, find));
  t.after(async () => {
    await close();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked, post };
}

const get = (post: Post, url: string) =>
  post({ method: 'POST', url, headers: { connection: 'close' }, body: '', timeoutMs: 5_000 });

describe('egress: connections', () => {
  it('an address inside is not connected to', async (t) => {
    const { port, asked, post } = await receiver(t, names([]));
    for (const host of ['127.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]']) {
      await assert.rejects(get(post, `http://${host}:${port}/`), Forbidden);
    }
    assert.deepEqual(asked, []);
  });

  it('dns-rebinding: a name is judged by the address it is connected to', async (t) => {
    const { port, asked, post } = await receiver(t, names(['127.0.0.2'], ['127.0.0.1']), ['127.0.0.2']);
    await assert.rejects(get(post, `http://app.example:${port}/`), { code: 'ECONNREFUSED' }); // allowed, and nobody is there
    await assert.rejects(get(post, `http://app.example:${port}/`), Forbidden);
    assert.deepEqual(asked, []);
  });

  it('a redirect is judged as well, and the event fails with a reason', async (t) => {
    const { port, asked, post } = await receiver(t, names(['127.0.0.1']), ['app.internal']);
    const system = { ...fakeSystem(), clock: realClock };
    const store = openSqlite(':memory:');
    t.after(() => store.close());
    const signer = { sign: () => 'signature' };
    const delivery = new Delivery({ system, store, signer, post, maxAgeMs: 86_400_000 });
    await delivery.start();
    const to = (sequence: number) => {
      const url = `http://app.internal:${port}/?to=${encodeURIComponent(`http://127.0.0.1:${port}/inside`)}`;
      return event('a', sequence, { destination: destination({ url, receiver: 'x' }) });
    };
    const events = [to(1), to(2)];
    await store.commit(batch('1', { events }));
    delivery.offer(events);
    while (!delivery.idle()) await new Promise((resolve) => setImmediate(resolve));
    const found = await store.delivery(events[0]!.id);
    assert.equal(found?.status, 'failed');
    assert.deepEqual(
      found.log.map(({ status, error }) => [status, error?.slice(0, 30)]),
      [[null, '127.0.0.1 is an address inside']],
    );
    assert.equal(asked.filter((url) => url === '/inside').length, 0);
    assert.equal(asked.length, 2);
    const { log } = system;
    assert.deepEqual([log.at('warn').length, log.at('error').length], [1, 2], 'warned of once');
    await delivery.stop();
  });
});
