// An event as the store keeps it until it is delivered: the envelope around the payload, a row for each place it goes to.
import type { Destination, EventRow } from '../store/store.ts';
import { type Event, isoStamp } from './events.ts';

/** `id` makes an id: the first one is that of the event. */
export function eventRows(
  event: Event,
  of: { readonly callId: string; readonly sequence: number; readonly at: number },
  destinations: readonly Destination[],
  id: () => string,
): EventRow[] {
  const { callId, sequence, at } = of;
  const { type, payload } = event;
  const eventId = id();
  const body = JSON.stringify({
    record_type: 'event',
    event_type: type,
    id: eventId,
    occurred_at: isoStamp(at),
    payload,
  });
  const places: readonly (Destination | null)[] = destinations.length === 0 ? [null] : destinations;
  return places.map((destination, copy) => ({
    id: copy === 0 ? eventId : id(),
    callId,
    sequence,
    copy,
    type,
    body,
    occurredAt: at,
    destination,
    status: destination === null ? 'delivered' : 'due',
    attempts: 0,
    dueAt: at,
    progress: null,
  }));
}
