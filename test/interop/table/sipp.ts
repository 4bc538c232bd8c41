// The column of SIPp: flows that it plays with Switchhook. It has one scenario for a call, so a row is the flow it needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { answersAndIsLeft, type Flow, flows, isCalled, plays, refersUs } from '../support/flows.ts';
import { pathOfPeer } from '../support/peers.ts';
import { sippRegisters } from '../support/registering.ts';
import { Sipp } from '../support/sipp.ts';
import type { Place } from './place.ts';
import type { Peer, Runs } from './rows.ts';

const over = ['udp', 'tcp'] as const;

const about = (): string => `${spawnSync(pathOfPeer('sipp'), ['-v']).stdout}`;

const played = (...all: readonly Flow[]): Runs => ({
  over,
  run: async ({ scope, app, ports, transport, user }) => {
    const way = { app, transport, port: ports[transport] };
    await Promise.all(all.map((flow, at) => plays(scope, way, `${user}-${at + 1}`, flow)));
  },
});

const registers = ({ scope, ports, transport, account }: Place) =>
  sippRegisters(scope, ports[transport], transport, account);

async function callsOut({ scope, app, transport, user }: Place): Promise<void> {
  const callee = await Sipp.open(scope, user, { transport, steps: answersAndIsLeft });
  await isCalled(app, `sip:${user}@127.0.0.1:${callee.port};transport=${transport}`);
  await callee.succeeds();
}

export const sipp: Peer = {
  name: 'SIPp',
  needs: ['sipp'],
  version: () => /v([\d.]+)/.exec(about())?.[1] ?? '',
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' },
  cells: {
    register: { over, run: registers },
    'call in': played(flows['caller-leaves'], flows['invite-without-offer']),
    'call out': { over, run: callsOut },
    hold: played(flows['hold-and-resume']),
    're-INVITE': played(flows['offers-again-without-an-offer']),
    'session timer': played(flows['session-that-the-caller-refreshes']),
    'refer out': played(flows['refer-answered'], flows['refer-busy']),
    'refer in': {
      over,
      run: ({ scope, app, ports, transport, user }) =>
        refersUs(scope, { app, transport, port: ports[transport] }, user),
    },
    digest: {
      ...played(flows['refer-challenged-401'], flows['refer-challenged-407']),
      note: 'It asks Switchhook, by 401 and by 407. Asked itself, as in the row register, it answers the first challenge only, and only by MD5.',
    },
    TLS: {
      because: 'Debian builds SIPp without TLS.',
      shows: async () => assert.match(about(), /SIPp v(?!\S*TLS)\S+\./),
    },
  },
};
