// The scenarios' own machinery, proved on a toy server: one flow that passes, and every way in which one must fail.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after as afterAll, test } from 'node:test';
import type { CallRow, Store } from '../../src/store/store.ts';
import { slugOf } from './golden.ts';
import { play, scenario } from './play.ts';
import { type Mischief, toyServer } from './toy-server.ts';
import type { World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'ladders-'));
afterAll(() => rmSync(folder, { recursive: true }));
const store = (): Store => ({ calls: async () => [] as CallRow[], close: async () => {} }) as unknown as Store;

const expected = `\
          transferee                           us                           application
    0.000      |------ INVITE ----------------->|                                |
    0.000      |<----- 100 Trying --------------|                                |
    0.000      |<----- 180 Ringing -------------|                                |
    0.000      |                                |------ call.initiated --------->|  direction: incoming
    0.000      |                                |<----- POST answer -------------|  200
    0.000      |<----- 200 OK ------------------|                                |
    0.000      |------ ACK -------------------->|                                |
    0.000      |                                |------ call.answered ---------->|
    0.000      |                                |<----- POST refer --------------|  200
    0.000      |<----- REFER -------------------|                                |  Refer-To: <sip:bob@biloxi.example>
    0.000      |------ 202 Accepted ----------->|                                |
    0.000      |                                |------ call.refer.started ----->|  sip_notify_response: 100
    0.000      |------ NOTIFY 100 ------------->|                                |  Event: refer, Subscription-State: active;expires=60
    0.000      |<----- 200 OK ------------------|                                |
    4.000      |------ NOTIFY 200 ------------->|                                |  Event: refer, Subscription-State: terminated;reason=noresource
    4.000      |<----- 200 OK ------------------|                                |
    4.000      |                                |------ call.refer.completed --->|  sip_notify_response: 200
    5.000      |<----- BYE ---------------------|                                |
    5.000      |------ 200 OK ----------------->|                                |
    5.000      |                                |------ call.hangup ------------>|  hangup_cause: normal_clearing, hangup_source: callee
`;

// biome-ignore format: in two columns, as scenarios are written
function house({ transferee, app, after }: World): void {
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated', { direction: 'incoming' });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' });
                                         transferee.gets('REFER', { 'Refer-To': '<sip:bob@biloxi.example>' });
  transferee.sends(202);                 app.gets('call.refer.started');
  transferee.sends('NOTIFY', { 'Subscription-State': 'active;expires=60', body: 'SIP/2.0 100 Trying' });
                                         transferee.gets(200);
  after(4_000);
  transferee.sends('NOTIFY', { 'Subscription-State': 'terminated;reason=noresource', body: 'SIP/2.0 200 OK' });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(1_000);                          transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
}

const toy = (mischief: Mischief = {}) => ({
  start: toyServer(mischief),
  goldenFolder: folder,
  updateGolden: false,
  store,
});

writeFileSync(join(folder, 'refer-the-target-answers.ladder'), expected);
scenario('refer: the target answers (RFC 5589 §6.1)', toy(), house);

test('a golden file is named by what happens', () => {
  assert.equal(slugOf('refer: the target answers (RFC 5589 §6.1)'), 'refer-the-target-answers');
  assert.equal(slugOf('200 lost: the ACK, too (RFC 6026)'), '200-lost-the-ack-too');
});

test('a golden file that is missing fails with the ladder; one that differs fails', async () => {
  await assert.rejects(play('no golden', toy(), house), /no-golden\.ladder is missing[\s\S]*POST refer/);
  writeFileSync(join(folder, 'other-golden.ladder'), expected.replace('INVITE', 'INFO--'));
  await assert.rejects(play('other golden', toy(), house), /the ladder is not that of/);
});

test('asked to, it writes the golden file', async () => {
  await play('written', { ...toy(), updateGolden: true }, house);
  assert.equal(readFileSync(join(folder, 'written.ladder'), 'utf8'), expected);
});

const mischiefs: readonly [name: string, mischief: Mischief, failure: RegExp][] = [
  ['a webhook with a bad signature', { badSignature: true }, /the signature does not match/],
  ['a request that breaks a rule of the RFC', { wrongCallId: true }, /a bad REFER[\s\S]*Call-ID of the dialog/],
  ['a message nobody expected', { extraBye: true }, /got what it should not have[\s\S]*BYE/],
  ['something left in the census', { leaves: 2 }, /left at the end/],
  ['a timer left after stop', { keepsTimer: true }, /timers left/],
  ['an error in the log', { logsError: true }, /errors in the log/],
  ['a secret in the log', { logsKey: true }, /secrets that were told[\s\S]*the log says the API key \(in base64\)/],
];

for (const [name, mischief, failure] of mischiefs) {
  test(`a scenario fails on ${name}`, () => assert.rejects(play('mischief', toy(mischief), house), failure));
}

const scripts: readonly [name: string, script: (world: World) => void, failure: RegExp][] = [
  [
    'what came is not what was expected',
    ({ transferee }) => {
      transferee.sends('INVITE');
      transferee.gets(180);
    },
    /transferee expected 180, but got 100 Trying/,
  ],
  [
    'nothing came',
    ({ transferee }) => {
      transferee.gets('BYE');
    },
    /transferee expected BYE, but nothing came/,
  ],
  [
    'a header is not as expected',
    ({ transferee }) => {
      transferee.sends('INVITE');
      transferee.gets(100, { Contact: /sip:/ });
    },
    /Contact of 100/,
  ],
  [
    'another webhook came',
    ({ transferee, app }) => {
      transferee.sends('INVITE');
      app.gets('call.answered');
    },
    /expected call\.answered, but got call\.initiated/,
  ],
  [
    'a webhook says something else',
    ({ transferee, app }) => {
      transferee.sends('INVITE');
      app.gets('call.initiated', { direction: 'outgoing' });
    },
    /direction of call\.initiated/,
  ],
  [
    'a command is answered otherwise',
    ({ app }) => {
      app.posts('refer', {});
    },
    /POST refer was answered 422/,
  ],
  [
    'a refusal has another code',
    ({ app }) => {
      app.posts('refer', {}, { status: 422, code: '90018', pointer: '/sip_address' });
    },
    /the code of POST refer/,
  ],
  [
    'a call is left',
    ({ transferee, app }) => {
      transferee.sends('INVITE');
      transferee.gets(100);
      transferee.gets(180);
      app.gets('call.initiated');
    },
    /left at the end/,
  ],
];

for (const [name, script, failure] of scripts) {
  test(`a scenario fails when ${name}, and shows its line and the ladder`, async () => {
    const failing = play('failing', toy(), script);
    await assert.rejects(failing, failure);
    await assert.rejects(failing, /transferee +us +application/);
  });
}

test('lost messages are drawn, and a repeated one is passed over or asked for', async () => {
  const lossy = play('lossy', toy(), ({ transferee, app }) => {
    transferee.misses(100);
    transferee.sends('INVITE');
    transferee.gets(180);
    app.gets('call.initiated');
    transferee.sends('INFO', { lost: true });
    transferee.gets('BYE', { again: true });
  });
  await assert.rejects(lossy, /x-- 100 Trying[\s\S]*INFO -+x {3}\|/);
});
