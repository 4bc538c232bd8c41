// The smallest useful application: it answers every call and refers its caller to a SIP address. To try it:
//
//   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start       prints an API key and a webhook key; then, elsewhere:
//   export TELNYX_BASE_URL=http://127.0.0.1:8080/v2 TELNYX_API_KEY=... TELNYX_PUBLIC_KEY=...
//   npx node examples/answer-and-refer.ts sip:bob@example.com    and call sip:anything@127.0.0.1:5060 from a softphone
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import Telnyx from 'telnyx';

interface Webhook {
  readonly data: { id: string; event_type: string; payload: { call_control_id: string; sip_notify_response?: number } };
}

export function application(client: Telnyx, target: string, log = console.log): RequestListener {
  const take = async (request: IncomingMessage): Promise<void> => {
    const headers = request.headers as Record<string, string>;
    const { data } = (await client.webhooks.unwrap(await text(request), { headers })) as Webhook;
    const { call_control_id: call, sip_notify_response: status = '' } = data.payload;
    log(data.event_type, status);
    // An event may come twice: as the command's id, its own makes sure that nothing is done twice.
    const once = { command_id: data.id };
    if (data.event_type === 'call.initiated') await client.calls.actions.answer(call, once);
    if (data.event_type === 'call.answered') await client.calls.actions.refer(call, { sip_address: target, ...once });
  };
  return async (request, response) => {
    await take(request).catch((error) => {
      log(String(error));
      // A command that was refused will be refused again: only what is not signed is sent back.
      if (!(error instanceof Telnyx.APIError)) response.statusCode = 400;
    });
    response.end();
  };
}

if (import.meta.main) {
  const target = process.argv[2] ?? 'sip:bob@example.com';
  createServer(application(new Telnyx(), target)).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
}
