// Switchhook registers with a PBX (RFC 3261 §10), and goes on after it was killed. Phones that register with Switchhook are
// in the table (test/interop/table).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { without } from './support/peers.ts';
import { account, openRegistrar, settingsFile } from './support/registering.ts';
import { Scope } from './support/scope.ts';
import { openWorld } from './support/world.ts';

for (const transport of ['udp', 'tcp'] as const) {
  test(`Switchhook registers with Kamailio over ${transport}`, { skip: without('kamailio') }, (t) =>
    registers(t, transport),
  );
}

async function registers(t: TestContext, transport: 'udp' | 'tcp'): Promise<void> {
  const scope = new Scope(t);
  const { port, program } = await openRegistrar(scope);
  const uri = `sip:127.0.0.1:${port}${transport === 'tcp' ? ';transport=tcp' : ''}`;
  const trunk = `{ name: pbx, registrar: "${uri}", register_secs: 60, username: ${account.username}, password: ${account.password} }`;
  const { server } = await openWorld(scope, {
    SWITCHHOOK_CONFIG: settingsFile(scope, `trunks:\n  - ${trunk}\n`),
    SWITCHHOOK_DRAIN: 'hangup',
  });
  const [, callId, cseq, over] = await program.line(
    new RegExp(`bound sip:${account.username}@127\\.0\\.0\\.1:${server.sipPort}.* by (\\S+) (\\d+) over (\\w+)`),
  );
  assert.equal(over, transport);
  await server.logged(/registered/);
  // Killed, it goes on where it was; stopped for good, it says goodbye.
  await server.kill();
  await server.start();
  await server.logged(/"msg":"registered"/);
  const again = program.lines.filter((line) => /bound .* by/.test(line)).at(-1) ?? '';
  const [, callIdAgain, cseqAgain] = / by (\S+) (\d+)/.exec(again) ?? [];
  assert.equal(callIdAgain, callId);
  assert.ok(Number(cseqAgain) > Number(cseq), `${cseqAgain} after ${cseq}`);
  await server.stop();
  await program.line(new RegExp(`unbound by ${callId}`));
  await server.start();
}
