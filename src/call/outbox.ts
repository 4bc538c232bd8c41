// An event as the store keeps it until it is delivered: the envelope around the payload, and where it has to go.
import type { EventRow } from '../store/store.ts';
import { type Event, isoStamp } from './events.ts';
import type { Application } from './routing.ts';

export function eventRow(
  event: Event,
  of: { readonly id: string; readonly callId: string; readonly sequence: number; readonly at: number },
  {
    webhookUrl,
    webhookFailoverUrl,
    webhookTimeoutMs,
  }: Pick<Application, 'webhookUrl' | 'webhookFailoverUrl' | 'webhookTimeoutMs'>,
): EventRow {
  const { id, callId, sequence, at } = of;
  const { type, payload } = event;
  const data = { record_type: 'event', event_type: type, id, occurred_at: isoStamp(at), payload };
  const hasUrl = webhookUrl !== null;
  return {
    id,
    callId,
    sequence,
    type,
    body: JSON.stringify(data),
    occurredAt: at,
    destination: hasUrl ? { url: webhookUrl, failoverUrl: webhookFailoverUrl, timeoutMs: webhookTimeoutMs } : null,
    status: hasUrl ? 'due' : 'delivered',
    attempts: 0,
    dueAt: at,
  };
}
