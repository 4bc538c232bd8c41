// The subscriber's side of a subscription (RFC 6665 §4.1.2): what a NOTIFY and the answer to the request make of it. Pure.
// A refer stands on it (RFC 3515 §2.4). Leaves out refreshing: an implicit subscription of a refer is never refreshed.

import { readEvent, readSubscriptionState } from '../message/headers.ts';
import type { Request } from '../message/message.ts';

/** Where a subscription stands, in the words of RFC 6665 §4.1.2. */
export type Subscription = { readonly name: 'notify-wait' | 'pending' | 'active' | 'terminated' };

/** What happens to it. */
export type SubscriptionInput =
  | { readonly type: 'notify'; readonly state: 'pending' | 'active' | 'terminated' }
  | { readonly type: 'refused' }
  | { readonly type: 'timer'; readonly timer: 'N' };

/** Timer N waits for the first NOTIFY; any NOTIFY ends the wait, even one that arrives before the 2xx. */
export const timersOf = { 'notify-wait': ['N'], pending: [], active: [], terminated: [] } as const;

/** Where it begins, as the request goes out. */
export const notifyWait: Subscription = { name: 'notify-wait' };

/** Takes one input. Total: what comes after the end is absorbed. */
export function transition(subscription: Subscription, input: SubscriptionInput): Subscription {
  if (subscription.name === 'terminated') return subscription;
  switch (input.type) {
    case 'notify':
      return { name: input.state };
    case 'refused':
    case 'timer':
      // A NOTIFY that came first outweighs what the request itself met (RFC 6665 §4.1.2.4).
      return subscription.name === 'notify-wait' ? { name: 'terminated' } : subscription;
    default:
      return input satisfies never;
  }
}

/** What the headers of a NOTIFY say: how it is to be refused, or whose it is and what it makes of the subscription. */
export type Notice =
  | { readonly refused: 400 | 489 }
  | { readonly refused: null; readonly id: number | null; readonly state: 'pending' | 'active' | 'terminated' };

/**
 * Reads a NOTIFY of the event package `refer`. No Event is 400, another package 489 (RFC 6665 §4.1.3, §8.2.1).
 * Deviation: no or an unknown Subscription-State counts as active; PBXs leave it out.
 */
export function readNotice(notify: Request): Notice {
  const value = notify.get('Event');
  const event = value === undefined ? null : readEvent(value);
  if (event === null) return { refused: 400 };
  if (event.package !== 'refer') return { refused: 489 };
  const said = readSubscriptionState(notify.get('Subscription-State') ?? '')?.state;
  const state = said === 'terminated' || said === 'pending' ? said : 'active';
  if (event.id === null) return { refused: null, id: null, state };
  return { refused: null, id: /^\d{1,10}$/.test(event.id) ? Number(event.id) : -1, state };
}
