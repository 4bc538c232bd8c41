// Dials for a call in place of a REFER that has failed: both are decided together, as those of a transfer are. Nobody waits
// for it; that none could be dialled is told to the call, as the status that says why.
import type { Refusal } from '../errors.ts';
import type { Bodies } from './commands.ts';
import type { Dialler } from './dialler.ts';
import type { Driver } from './driver.ts';
import type { Live } from './live.ts';
import { dialOf, lacksPort, linkTo } from './transfers.ts';
import { webhooksSaid } from './webhooks.ts';

interface Parts {
  readonly driver: Driver;
  readonly dialler: Dialler;
  readonly reserve: () => Promise<number | null>;
  readonly release: (port: number) => void;
}

/** Resolves when the dial is committed, or cannot be made. */
export async function dialInstead(parts: Parts, live: Live, body: Bodies['transfer']): Promise<void> {
  const refusal = await dial(parts, live, body);
  if (refusal !== null) sayUndialled(parts.driver, live, statuses[refusal] ?? 500);
}

export function sayUndialled(driver: Driver, live: Live, status: number): void {
  driver.decide(live, { type: 'signal', from: live.call.id, signal: { type: 'undialled', status } });
}

const statuses: { readonly [N in Refusal['name']]?: number } = {
  'no-route': 404,
  'trunks-full': 503,
  'application-full': 503,
  unavailable: 503,
  // Another transfer of the call is under way.
  'unable-to-execute': 491,
};

async function dial(parts: Parts, live: Live, body: Bodies['transfer']): Promise<Refusal['name'] | null> {
  const { driver, dialler, reserve, release } = parts;
  const { call } = live;
  const needsPort = lacksPort(call);
  const rtpPort = needsPort ? await reserve() : null;
  if (needsPort && rtpPort === null) return 'unavailable';
  let isDecided = false;
  const dialled = await dialler.dialFor(dialOf(live.call, body), {
    link: linkTo(call, body),
    referral: { headers: [], reportsTo: call.id },
    decide: (callee) => {
      isDecided = true;
      const command = { name: 'transfer', callee, clientState: null, isStep: true, ...webhooksSaid(body) } as const;
      driver.decide(live, { type: 'command', command, rtpPort }, { type: 'signal' });
      return live.call.transferring === callee;
    },
  });
  if (!isDecided && rtpPort !== null) release(rtpPort);
  return 'refusals' in dialled ? (dialled.refusals[0]?.name ?? 'internal-error') : null;
}
