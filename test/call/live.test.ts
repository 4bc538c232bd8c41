// The names live calls are found by, and which of them are given up.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LiveCalls, mergeKey } from '../../src/call/live.ts';
import { active } from './support.ts';

suite('the names of a call', () => {
  test('are its own until it is forgotten', () => {
    const { call, invite } = active();
    const calls = new LiveCalls();
    const live = calls.add(call, []);
    calls.nameBranch(live, { branch: 'z9hG4bK-refer', method: 'REFER' });
    const found = () => [
      calls.withId(call.id),
      calls.withTag(call.dialog.localTag),
      calls.withInvite(call.invite!.key),
      calls.withInvite(mergeKey(invite)),
      calls.withBranch('z9hG4bK-refer'),
      [...calls.ofConnection(call.connectionId)][0],
    ];
    assert.deepEqual(found(), Array(6).fill(live));
    calls.forget(live);
    assert.deepEqual(found(), Array(6).fill(undefined));
    assert.equal(calls.size, 0);
  });

  test('a peer that sends re-INVITEs without end does not make them grow', () => {
    const { call } = active();
    const calls = new LiveCalls();
    const live = calls.add(call, []);
    for (let times = 1; times <= 1_000; times += 1) calls.nameInvite(live, `re-INVITE ${times}`);
    assert.equal(live.inviteKeys.length, 3);
    assert.equal(calls.withInvite('re-INVITE 1000'), live);
    assert.equal(calls.withInvite('re-INVITE 999'), undefined);
    assert.equal(calls.withInvite(call.invite!.key), live, 'the first INVITE keeps its name');
  });
});
