// Kamailio between the caller and Switchhook, with two Record-Routes and a challenge for every REFER: what leaves us goes
// through both of its ports in the right order (livekit/sip#771), and what comes back does too.
import { test } from 'node:test';
import { flows, plays } from './support/flows.ts';
import { Kamailio } from './support/kamailio.ts';
import { without } from './support/peers.ts';
import { proxyFlows } from './support/proxy-flows.ts';
import { Scope } from './support/scope.ts';
import { openWorld } from './support/world.ts';

const played = { ...proxyFlows, 'caller-leaves': flows['caller-leaves'] };

for (const transport of ['udp', 'tcp'] as const) {
  test(`Kamailio between, over ${transport}`, { skip: without('kamailio', 'sipp'), concurrency: 3 }, async (t) => {
    const scope = new Scope(t);
    const { server, app } = await openWorld(scope, { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
    const { outer } = await Kamailio.open(scope, { port: server.sipPort, transport });
    const way = { app, transport, port: outer };
    await Promise.all(
      Object.entries(played).map(([user, flow]) => t.test(user, (t) => plays(new Scope(t), way, user, flow))),
    );
  });
}
