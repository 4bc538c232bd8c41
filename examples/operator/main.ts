// An operator. Callers wait in a queue; agents call sip:agents@… and are given the one who has waited longest. The rest an
// agent's desk asks for by HTTP, naming the agent by the id of the agent's call:
//
//   POST /consult?agent=ID&to=sip:bob@…   calls a second agent; when that one answers, the caller is put on hold
//   POST /back?agent=ID                   hangs up on the second agent; the caller is back
//   POST /complete?agent=ID               gives the caller to the second agent: an attended transfer
//
//   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start
//   export TELNYX_BASE_URL=http://127.0.0.1:8080/v2 TELNYX_API_KEY=... TELNYX_PUBLIC_KEY=...
//   npx node examples/operator/main.ts
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import Telnyx from 'telnyx';
import { type Desk, Operator, type Webhook } from './operator.ts';

export function application(client: Telnyx, desk: Desk, log = console.log): RequestListener {
  const operator = new Operator(client, desk);

  async function hear(request: IncomingMessage): Promise<number> {
    const headers = request.headers as Record<string, string>;
    const { data } = (await client.webhooks.unwrap(await text(request), { headers })) as Webhook;
    log(data.event_type, data.payload.call_control_id, data.payload.hangup_cause ?? '');
    await operator.hear({ data }).catch((error) => {
      // A command that was refused will be refused again: its event is taken all the same.
      if (!(error instanceof Telnyx.APIError)) throw error;
      log(error.message);
    });
    return 200;
  }

  async function ask(what: string, query: URLSearchParams): Promise<number> {
    const [agent, to] = [query.get('agent') ?? '', query.get('to') ?? ''];
    if (what === '/consult') await operator.consult(agent, to);
    else if (what === '/back') await operator.back(agent);
    else if (what === '/complete') await operator.complete(agent);
    else return 404;
    return 200;
  }

  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://desk');
    const done = pathname === '/' ? hear(request) : ask(pathname, searchParams);
    response.statusCode = await done.catch((error) => {
      log(String(error));
      return 400;
    });
    response.end();
  };
}

if (import.meta.main) {
  const desk = { connection_id: process.env.TELNYX_CONNECTION_ID ?? '1000000000000000001', from: '+13125550100' };
  createServer(application(new Telnyx(), desk)).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
}
