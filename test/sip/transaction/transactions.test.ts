import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardTiming } from '../../../src/sip/transaction/timers.ts';
import { Transactions } from '../../../src/sip/transaction/transactions.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { fakeSystem } from '../../support/fake-system.ts';
import { requestOf, responseTo, textOf } from './figure.ts';

const udp: Target = { transport: 'udp', host: '192.0.2.1', port: 5060 };
const tcp: Target = { transport: 'tcp', host: '192.0.2.1', port: 5060 };

/** A driver on fake time. `said` is what was sent and told, each with its instant. */
function setUp() {
  const system = fakeSystem();
  const said: string[] = [];
  const failing: ((error: Error) => void)[] = [];
  const note = (what: string): number => said.push(`${system.clock.now()} ${what}`);
  const transactions = new Transactions({
    clock: system.clock,
    log: system.log,
    timing: standardTiming,
    send: (text, target, failed) => {
      note(`${text.replace(/^SIP\/2\.0 /, '').split(' ')[0]} > ${target.transport}:${target.host}`);
      failing.push(failed);
    },
    user: {
      response: (branch, response) => note(`told ${response.status} ${branch}`),
      timeout: (branch) => note(`told timeout ${branch}`),
      failed: (branch, error) => note(`told ${error.message} ${branch}`),
      ack: (request) => note(`told ${request.method}`),
    },
  });
  const drain = (): string[] => said.splice(0);
  return { system, transactions, drain, failing };
}

const branch = 'z9hG4bK776asdhds';

function outgoing(method: string, target: Target) {
  return { branch, method, text: textOf(method), target };
}

test('a request over UDP is repeated, and times out after 64*T1', async () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('BYE', udp));
  await system.clock.advance(40_000);
  assert.deepEqual(drain(), [
    ...[0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500].map(
      (at) => `${at} BYE > udp:192.0.2.1`,
    ),
    `32000 told timeout ${branch}`,
  ]);
  assert.deepEqual(transactions.census(), { transactions: 0, timers: 0 });
  assert.equal(system.clock.armed, 0);
});

test('an INVITE over UDP is repeated seven times in all', async () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('INVITE', udp));
  await system.clock.advance(40_000);
  assert.deepEqual(drain(), [
    ...[0, 500, 1500, 3500, 7500, 15_500, 31_500].map((at) => `${at} INVITE > udp:192.0.2.1`),
    `32000 told timeout ${branch}`,
  ]);
  assert.equal(system.clock.armed, 0);
});

test('over TCP a request is sent once', async () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('BYE', tcp));
  await system.clock.advance(40_000);
  assert.deepEqual(drain(), ['0 BYE > tcp:192.0.2.1', `32000 told timeout ${branch}`]);
});

test('a final response is told once, and its copies are absorbed for T4', async () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('BYE', udp));
  assert.equal(transactions.response(responseTo('BYE', 200)), true);
  assert.equal(transactions.response(responseTo('BYE', 200)), true);
  assert.deepEqual(transactions.census(), { transactions: 1, timers: 1 });
  await system.clock.advance(5000);
  assert.deepEqual(drain(), ['0 BYE > udp:192.0.2.1', `0 told 200 ${branch}`]);
  assert.equal(transactions.response(responseTo('BYE', 200)), false, 'it belongs to nothing now');
  assert.equal(system.clock.armed, 0);
});

test('a response to another method under the same branch matches nothing', () => {
  const { transactions } = setUp();
  transactions.request(outgoing('INVITE', udp));
  assert.equal(transactions.response(responseTo('CANCEL', 200)), false);
});

test('a failure to send ends a client transaction, and is told once', async () => {
  const { system, transactions, drain, failing } = setUp();
  transactions.request(outgoing('BYE', udp));
  await system.clock.advance(500);
  for (const failed of failing) failed(new Error('no route'));
  assert.deepEqual(drain(), ['0 BYE > udp:192.0.2.1', '500 BYE > udp:192.0.2.1', `500 told no route ${branch}`]);
  assert.equal(system.clock.armed, 0);
});

test('a user hears of a transaction by the name it was sent under', async () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('BYE', udp), 'its name');
  transactions.response(responseTo('BYE', 200));
  await system.clock.advance(5000);
  assert.deepEqual(drain(), ['0 BYE > udp:192.0.2.1', '0 told 200 its name']);
});

test('a branch that is being used is not used twice', () => {
  const { system, transactions, drain } = setUp();
  transactions.request(outgoing('BYE', udp));
  transactions.request(outgoing('BYE', udp));
  assert.deepEqual(drain(), ['0 BYE > udp:192.0.2.1']);
  assert.equal(system.log.at('error').length, 1);
});

test('an INVITE is told 100 at once, a copy of it the newest provisional response', () => {
  const { transactions, drain } = setUp();
  transactions.accept('key', requestOf('INVITE'), udp, false);
  assert.equal(transactions.repeated('key'), true);
  assert.equal(transactions.respond('key', 180, responseTo('INVITE', 180).text), true);
  assert.equal(transactions.repeated('key'), true);
  assert.deepEqual(
    drain(),
    ['100', '100', '180', '180'].map((status) => `0 ${status} > udp:192.0.2.1`),
  );
  assert.equal(transactions.repeated('another'), false);
});

test('a refused INVITE is repeated until its ACK, which goes no further', async () => {
  const { system, transactions, drain } = setUp();
  transactions.accept('key', requestOf('INVITE'), udp, true);
  transactions.respond('key', 486, responseTo('INVITE', 486).text);
  await system.clock.advance(600);
  assert.equal(transactions.ack('key', requestOf('ACK')), true);
  assert.equal(transactions.ack('key', requestOf('ACK')), true);
  await system.clock.advance(60_000);
  assert.deepEqual(drain(), ['0 486 > udp:192.0.2.1', '500 486 > udp:192.0.2.1']);
  assert.equal(transactions.ack('key', requestOf('ACK')), false);
  assert.equal(system.clock.armed, 0);
});

test('after a 2xx copies of the INVITE are absorbed for 64*T1, and an ACK under its branch is passed on', async () => {
  const { system, transactions, drain } = setUp();
  transactions.accept('key', requestOf('INVITE'), udp, true);
  transactions.respond('key', 200, responseTo('INVITE', 200).text);
  assert.equal(transactions.repeated('key'), true);
  assert.equal(transactions.ack('key', requestOf('ACK')), true);
  await system.clock.advance(31_999);
  assert.equal(transactions.repeated('key'), true);
  await system.clock.advance(1);
  assert.equal(transactions.repeated('key'), false);
  assert.deepEqual(drain(), ['0 200 > udp:192.0.2.1', '0 told ACK']);
});

test('a request nobody answers is told 100 once its client repeats every T2, and forgotten when that gives up', async () => {
  const { system, transactions, drain } = setUp();
  transactions.accept('key', requestOf('NOTIFY'), udp, false);
  await system.clock.advance(60_000);
  assert.deepEqual(drain(), ['3500 100 > udp:192.0.2.1']);
  assert.deepEqual(transactions.census(), { transactions: 0, timers: 0 });
});

test('over TCP an answered request is forgotten at once', () => {
  const { system, transactions } = setUp();
  transactions.accept('key', requestOf('NOTIFY'), tcp, false);
  transactions.respond('key', 200, responseTo('NOTIFY', 200).text);
  assert.deepEqual(transactions.census(), { transactions: 0, timers: 0 });
  assert.equal(system.clock.armed, 0);
});

test('a response that cannot be sent ends no server transaction', () => {
  const { transactions, failing } = setUp();
  transactions.accept('key', requestOf('NOTIFY'), udp, false);
  transactions.respond('key', 200, responseTo('NOTIFY', 200).text);
  for (const failed of failing) failed(new Error('no route'));
  assert.equal(transactions.repeated('key'), true);
});

test('a user that fails when it is told of a timeout costs nobody else anything', async () => {
  const system = fakeSystem();
  const fault = (): never => {
    throw new Error('a fault of the user');
  };
  const transactions = new Transactions({
    clock: system.clock,
    log: system.log,
    timing: standardTiming,
    send: () => {},
    user: { response: fault, timeout: fault, failed: fault, ack: fault },
  });
  transactions.request(outgoing('BYE', tcp));
  await system.clock.advance(32_000);
  assert.match(system.log.at('error').join(), /a fault of the user/);
  assert.deepEqual(transactions.census(), { transactions: 0, timers: 0 });
});

test('close forgets everything and leaves no timer', () => {
  const { system, transactions } = setUp();
  transactions.request(outgoing('INVITE', udp));
  transactions.accept('key', requestOf('NOTIFY'), udp, false);
  transactions.close();
  assert.deepEqual(transactions.census(), { transactions: 0, timers: 0 });
  assert.equal(system.clock.armed, 0);
});
