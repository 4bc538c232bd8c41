// The application of the memory figure: answers every call and leaves it alone. node answering.mjs HOOKPORT APIPORT KEY
import http from 'node:http';
import { Pool } from 'undici';

const [hook, api, key] = process.argv.slice(2);
const pool = new Pool(`http://127.0.0.1:${api}`, { connections: 32, pipelining: 1 });
const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };

async function answer(id) {
  const path = `/v2/calls/${encodeURIComponent(id)}/actions/answer`;
  const { body } = await pool.request({ method: 'POST', path, headers, body: '{}' });
  await body.dump();
}

http
  .createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    response.writeHead(200, { 'content-length': 0 }).end();
    const { event_type: type, payload } = JSON.parse(text).data;
    if (type === 'call.initiated') await answer(payload.call_control_id);
  })
  .listen(Number(hook), '127.0.0.1', () => console.log('up'));
