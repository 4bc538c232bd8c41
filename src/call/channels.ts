// How many calls a trunk and an application have, and what a call of ours has to know of others when it decides: which
// trunks are full, and whether the call it was dialled for has a partner. Leaves out how many they may have (outbound-routes.ts, routing.ts).
import type { LiveCalls } from './live.ts';
import type { Gateway } from './outbound-routes.ts';
import { type Call, isAlive, type Surroundings } from './state.ts';

/** How many calls go by a trunk now. */
export function callsBy(calls: LiveCalls, gateway: string): number {
  let count = 0;
  for (const { call } of calls) if (call.gateway === gateway && isAlive(call)) count += 1;
  return count;
}

/** How many calls of an application go in one direction now. */
export function callsOf(calls: LiveCalls, connectionId: string, direction: Call['direction']): number {
  let count = 0;
  for (const { call } of calls.ofConnection(connectionId)) {
    if (isAlive(call) && call.direction === direction) count += 1;
  }
  return count;
}

/** What a call that is not answered has to know before it decides; null where nothing concerns it. */
export function surroundingsOf(calls: LiveCalls, gateways: readonly Gateway[], call: Call): Surroundings | null {
  if (call.phase.name !== 'dialing' || call.outbound === null) return null;
  const next = new Set(call.outbound.routes.map(({ gateway }) => gateway));
  const full = gateways.filter(({ name, channels }) => next.has(name) && isFull(channels, () => callsBy(calls, name)));
  const { link } = call;
  const isLinkBridged = link?.preventsDouble === true && calls.withId(link.to)?.call.bridge != null;
  return { fullGateways: full.map(({ name }) => name), isLinkBridged };
}

/** Whether there are as many as there may be; null: any number, and nobody counts. */
export const isFull = (most: number | null, count: () => number): boolean => most !== null && count() >= most;
