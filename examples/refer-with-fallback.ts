// Tries one target after the other: a refer that failed leaves the call as it was, so the next one can be asked. Nothing is
// kept in memory: which target is being tried travels with the call, as its client_state.
//
//   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start
//   export TELNYX_BASE_URL=http://127.0.0.1:8080/v2 TELNYX_API_KEY=... TELNYX_PUBLIC_KEY=...
//   npx node examples/refer-with-fallback.ts sip:sales@example.com sip:desk@example.com
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import Telnyx from 'telnyx';

interface Webhook {
  readonly data: {
    id: string;
    event_type: string;
    payload: { call_control_id: string; client_state: string | null; failure_reason?: string };
  };
}

export function application(client: Telnyx, targets: readonly string[], log = console.log): RequestListener {
  const { actions } = client.calls;
  const take = async (request: IncomingMessage): Promise<unknown> => {
    const headers = request.headers as Record<string, string>;
    const { data } = (await client.webhooks.unwrap(await text(request), { headers })) as Webhook;
    const { call_control_id: call, client_state: state, failure_reason: reason = '' } = data.payload;
    log(data.event_type, reason);
    const once = { command_id: data.id };
    if (data.event_type === 'call.initiated') return actions.answer(call, { ...once, client_state: btoa('-1') });
    if (data.event_type !== 'call.answered' && data.event_type !== 'call.refer.failed') return;
    const next = Number(atob(state ?? '')) + 1;
    const target = targets[next];
    if (target === undefined) return actions.hangup(call, once);
    return actions.refer(call, { sip_address: target, client_state: btoa(String(next)), ...once });
  };
  return async (request, response) => {
    await take(request).catch((error) => {
      log(String(error));
      if (!(error instanceof Telnyx.APIError)) response.statusCode = 400;
    });
    response.end();
  };
}

if (import.meta.main)
  createServer(application(new Telnyx(), process.argv.slice(2))).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
