// SIPp as a caller, over UDP and over TCP: every flow that it can play.
import { test } from 'node:test';
import { flows, plays } from './support/flows.ts';
import { without } from './support/peers.ts';
import { Scope } from './support/scope.ts';
import { openWorld } from './support/world.ts';

for (const transport of ['udp', 'tcp'] as const) {
  test(`SIPp calls over ${transport}`, { skip: without('sipp'), concurrency: 5 }, async (t) => {
    const { server, app } = await openWorld(new Scope(t), { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
    const way = { app, transport, port: server.sipPort };
    const played = Object.entries(flows).map(([user, flow]) =>
      t.test(user, (t) => plays(new Scope(t), way, user, flow)),
    );
    await Promise.all(played);
  });
}
