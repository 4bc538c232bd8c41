// Prints what Switchhook tells an application, one line per event, and takes it. For a first look, with curl beside it:
//
//   npx node examples/print-webhooks.ts
//   SWITCHHOOK_WEBHOOK_URL=http://127.0.0.1:3000 npm start
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const server = createServer(async (request, response) => {
  const { data } = JSON.parse(await text(request));
  const { call_control_id: call, ...payload } = data.payload;
  console.log(`\n${data.event_type}  CALL=${call}\n${JSON.stringify(payload)}`);
  response.end();
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log('Waiting for webhooks.'));
