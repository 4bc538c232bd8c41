// Hands the target what the application knows: a User-to-User header (RFC 7433) and one of its own. By default they go onto
// the REFER and into its Refer-To URI, from which the caller's phone puts them onto the INVITE it sends to the target.
//
//   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start
//   export TELNYX_BASE_URL=http://127.0.0.1:8080/v2 TELNYX_API_KEY=... TELNYX_PUBLIC_KEY=...
//   npx node examples/user-to-user.ts sip:bob@example.com
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import Telnyx from 'telnyx';

interface Webhook {
  readonly data: { id: string; event_type: string; payload: { call_control_id: string; from: string } };
}

export function application(client: Telnyx, target: string, log = console.log): RequestListener {
  const { actions } = client.calls;
  const take = async (request: IncomingMessage): Promise<unknown> => {
    const headers = request.headers as Record<string, string>;
    const { data } = (await client.webhooks.unwrap(await text(request), { headers })) as Webhook;
    const { call_control_id: call, from } = data.payload;
    log(data.event_type, from);
    const once = { command_id: data.id };
    if (data.event_type === 'call.initiated') return actions.answer(call, once);
    if (data.event_type !== 'call.answered') return;
    const known = Buffer.from(JSON.stringify({ caller: from })).toString('hex');
    return actions.refer(call, {
      sip_address: target,
      sip_headers: [{ name: 'User-to-User', value: `${known};encoding=hex` }],
      custom_headers: [{ name: 'X-Account', value: '42' }],
      ...once,
    });
  };
  return async (request, response) => {
    await take(request).catch((error) => {
      log(String(error));
      if (!(error instanceof Telnyx.APIError)) response.statusCode = 400;
    });
    response.end();
  };
}

if (import.meta.main) {
  createServer(application(new Telnyx(), process.argv[2] ?? 'sip:bob@example.com')).listen(
    Number(process.env.PORT ?? 3000),
    '127.0.0.1',
  );
}
