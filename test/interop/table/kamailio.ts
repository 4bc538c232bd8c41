// The column of Kamailio: a proxy that calls go through, and the registrar of a PBX. What SIPp does at its other side is
// by TCP where Kamailio and Switchhook speak TLS, because SIPp has none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { answersAndIsLeft, type Flow, flows, isCalled, plays, refersUs } from '../support/flows.ts';
import { Kamailio, type Next, type ProxyTls, secret } from '../support/kamailio.ts';
import { pathOfPeer } from '../support/peers.ts';
import { proxyFlows } from '../support/proxy-flows.ts';
import { account, openRegistrar } from '../support/registering.ts';
import { gets } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';
import { loopback, openWorld, type Place } from './place.ts';
import type { Cell, Peer } from './rows.ts';

const over = ['udp', 'tcp', 'tls'] as const;

const played = (...all: readonly Flow[]): Cell => ({ over, run: (place) => through(place, all) });

async function through(place: Place, all: readonly Flow[]): Promise<void> {
  const { app, scope, wire, user, transport } = place;
  const next = await nextOf(place);
  const { outer } = await Kamailio.open(scope, next);
  const way = { app, transport: transport === 'tls' ? 'tcp' : transport, port: outer };
  const calls = all.map(async (flow, at) => {
    const dialog = wire.dialog('in INVITE', `sip:${user}-${at + 1}@`);
    await Promise.all([
      plays(scope, way, `${user}-${at + 1}`, flow),
      dialog.sees('in INVITE', /^Record-Route:[\s\S]*^Record-Route:/m, `SIP/2.0/${transport.toUpperCase()} `),
    ]);
  });
  await Promise.all(calls);
}

async function nextOf(place: Place): Promise<Next> {
  const { ports, transport } = place;
  const next = { port: ports[transport], transport: transport as Next['transport'] };
  return transport === 'tls' ? { ...next, tls: await tlsOf(place) } : next;
}

const tlsOf = async ({ authority }: Place): Promise<ProxyTls> => ({
  ...(await authority.sign(loopback)),
  ca: authority.file,
});

async function refersThrough(place: Place): Promise<void> {
  const { app, scope, wire, user, transport } = place;
  const { outer } = await Kamailio.open(scope, await nextOf(place));
  const dialog = wire.dialog('in INVITE', `sip:${user}@`);
  await refersUs(scope, { app, transport: transport === 'tls' ? 'tcp' : transport, port: outer }, user);
  await dialog.sees('in REFER', `SIP/2.0/${transport.toUpperCase()} `);
}

/** A number leads to it by a trunk that it asks for a password, and it passes the call on. */
async function callsOut(place: Place): Promise<void> {
  const { scope, transport, user, authority } = place;
  const steps = [gets('INVITE', { has: ['Record-Route:.*Record-Route:'] }), ...answersAndIsLeft.slice(1)];
  const callee = await Sipp.open(scope, user, { transport: transport === 'tls' ? 'tcp' : transport, steps });
  const { inner } = await Kamailio.open(scope, { ...(await nextOf(place)), callee: callee.port });
  const uri = `sip:127.0.0.1:${inner};transport=${transport}`;
  const { sip_auth_username: username, sip_auth_password: password } = secret;
  const file = `trunks:\n  - { name: pbx, uri: "${uri}", prefixes: "+1", username: ${username}, password: ${password} }\n`;
  const { app, wire } = await openWorld(scope, { file, authority });
  const dialog = wire.dialog('out INVITE');
  await isCalled(app, '+13125550100');
  for (const what of ['in 407 INVITE', 'out ACK', 'out INVITE', 'in 200 INVITE', 'out ACK', 'out BYE']) {
    await dialog.sees(what);
  }
  await callee.succeeds();
}

/** With the right password it is bound, and is no more when Switchhook ends for good. */
async function isRegisteredWith(place: Place): Promise<void> {
  const { scope, transport, authority } = place;
  const { port, program } = await openRegistrar(scope, transport === 'tls' ? await tlsOf(place) : undefined);
  const registrar = `sip:127.0.0.1:${port};transport=${transport}`;
  const file = `trunks:\n  - { name: pbx, registrar: "${registrar}", username: ${account.username}, password: ${account.password} }\n`;
  const { wire, close } = await openWorld(scope, { file, authority, settings: { SWITCHHOOK_DRAIN: 'hangup' } });
  const bound = new RegExp(`bound sip:${account.username}@127\\.0\\.0\\.1.* over ${transport}`);
  await program.line(bound);
  await close();
  await program.line(/unbound by/);
  const whats = wire.passed.map(({ what }) => what);
  assert.deepEqual(whats.slice(0, 4), ['out REGISTER', 'in 401 REGISTER', 'out REGISTER', 'in 200 REGISTER']);
}

export const kamailio: Peer = {
  name: 'Kamailio',
  needs: ['kamailio', 'kamailio-tls', 'sipp'],
  version: () => /kamailio ([\d.]+)/.exec(`${spawnSync(pathOfPeer('kamailio'), ['-v']).stdout}`)?.[1] ?? '',
  note: 'A proxy on the path of all requests, by a Record-Route of each of its two ports, with SIPp at its other side; in the row register the registrar of a PBX.',
  settings: { SWITCHHOOK_TLS_CLIENTS: 'required' },
  cells: {
    register: { over, run: isRegisteredWith },
    'call in': played(flows['caller-leaves'], flows['cancel-while-ringing']),
    'call out': { over, run: callsOut },
    hold: played(flows['hold-and-resume']),
    're-INVITE': played(flows['offers-again-without-an-offer']),
    'session timer': played(flows['session-that-the-caller-refreshes']),
    'refer out': played(proxyFlows['refer-with-credentials']),
    'refer in': { over, run: refersThrough },
    TLS: {
      over: ['tls'],
      run: (place) => through(place, [flows['caller-leaves']]),
      note: 'Each side checks the certificate of the other.',
    },
    digest: played(proxyFlows['refer-without-the-right-credentials'], proxyFlows['refer-with-credentials']),
  },
};
