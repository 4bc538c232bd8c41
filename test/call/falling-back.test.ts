// A refer in steps, within its call: what is kept of it, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bodies } from '../../src/call/commands.ts';
import { readReferWithSteps } from '../../src/call/reading-fallbacks.ts';
import { referSettings } from '../support/application.ts';
import { active, shown, target } from './support.ts';

const transfer = { transfer: { to: '+13125550199', sip_auth_username: 'a', sip_auth_password: 'secret' } };
const again = { sip_address: target, sip_auth_username: 'a', sip_auth_password: 'secret' };

const passwordsIn = (call: object): number => JSON.stringify(call).split('secret').length - 1;

test('the passwords of the steps are forgotten with the outcome, whatever it is', () => {
  for (const end of ['NOTIFY 200', 'hangup', 'BYE'] as const) {
    const line = active();
    line.refer({ on_failure: [again, transfer] });
    line.respond(202);
    assert.equal(passwordsIn(line.call), 2);
    if (end === 'NOTIFY 200') line.notify(200);
    else if (end === 'hangup') line.command('hangup', {});
    else line.request('BYE');
    if (end === 'BYE') line.timer('leave');
    assert.equal(passwordsIn(line.call), 0, end);
  }
});

test('a call that is to be dialled is dialled after a restart, and once it is, not again', () => {
  const line = active();
  line.refer({ on_failure: [transfer] });
  assert.ok(shown(line.respond(603).effects).includes('dial +13125550199'));
  assert.ok(shown(line.fork().take({ type: 'resumed' }).effects).includes('dial +13125550199'));
  const command = { name: 'transfer', callee: 'v3:target', clientState: null, isStep: true };
  line.take({ type: 'command', command, rtpPort: null });
  assert.ok(!shown(line.take({ type: 'resumed' }).effects).includes('dial +13125550199'));
  assert.equal(line.fork().take({ type: 'command', command, rtpPort: null }).refusals.length, 1);
});

test('a call that could not be dialled is a step that failed', () => {
  const line = active();
  line.refer({ on_failure: [transfer] });
  line.respond(603);
  const step = line.take({ type: 'signal', from: 'v3:call', signal: { type: 'undialled', status: 404 } });
  assert.deepEqual(shown(step.effects), ['call.refer.failed 404']);
});

test('a call that takes too long is let go of, and the next step begins', () => {
  const line = active();
  line.refer({ on_failure: [transfer, again] });
  line.respond(603);
  const command = { name: 'transfer', callee: 'v3:target', clientState: null, isStep: true };
  line.take({ type: 'command', command, rtpPort: null });
  const effects = shown(line.after(94_000).timer('refer-deadline').effects);
  assert.deepEqual(effects, ['call.refer.retrying', 'signal dismissed', 'send REFER']);
});

const context = { settings: referSettings, attended: () => null, obstacles: () => [], mayCall: () => true };
const refusalsOf = (body: Bodies['refer']) => {
  const read = readReferWithSteps(body, context);
  return 'refusals' in read ? read.refusals.map(({ pointer }) => pointer) : [];
};

test('a fault that a step has from the command is the command’s, and its own is its own', () => {
  const bad = { name: 'Via', value: 'x' };
  const step = { sip_address: target };
  assert.deepEqual(refusalsOf({ sip_address: target, custom_headers: [bad], on_failure: [step] }), [
    '/custom_headers/0/name',
  ]);
  assert.deepEqual(
    refusalsOf({ sip_address: 'x', on_failure: [{ sip_address: 'y' }, { ...step, custom_headers: [bad] }] }),
    [...['/sip_address', '/on_failure/0/sip_address', '/on_failure/1/custom_headers/0/name']],
  );
  assert.deepEqual(refusalsOf({ sip_address: target, on_failure: [{ ...step, sip_auth_password: 'x' }] }), [
    '/on_failure/0/sip_auth_username',
  ]);
});

test('hold is of the command as a whole', () => {
  const step = { sip_address: target, hold_on_refer: true };
  const read = readReferWithSteps({ sip_address: target, on_failure: [step] }, context);
  const { command } = read as Extract<typeof read, { command: object }>;
  assert.ok(command.name === 'refer' && command.fallbacks[0]?.type === 'refer');
  assert.equal(command.fallbacks[0].order.holds, false);
});
