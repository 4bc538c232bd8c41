import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointUser, Origin } from '../../src/sip/endpoint.ts';
import { type Request, Response } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import { type PartUser, users } from '../../src/sip/users.ts';
import { rawMessage, rawResponse } from '../support/messages.ts';

const place = { transport: 'udp', host: '192.0.2.20', port: 5060 } as const;
const request = (method: string): Request =>
  parse(rawMessage(`${method} sip:x SIP/2.0`, { CSeq: `1 ${method}` })) as Request;

test('each is told what is its own, and the last one everything else', () => {
  const said: string[] = [];
  const tells = (name: string): EndpointUser => ({
    request: ({ method }) => said.push(`${name}: ${method}`),
    ack: () => said.push(`${name}: ack`),
    response: (branch, _response, to) => said.push(`${name}: response ${branch} of ${to.host}`),
    timeout: (branch, method) => said.push(`${name}: timeout ${branch} ${method}`),
    failed: (branch, _error, method) => said.push(`${name}: failed ${branch} ${method}`),
  });
  const registrar: PartUser = { ...tells('registrar'), takes: ({ method }) => method === 'REGISTER' };
  const client: PartUser = { ...tells('client'), sent: (branch) => branch === 'ours' };
  const user = users([registrar, client], tells('rest'));
  const response = parse(rawResponse(200));
  assert.ok(response instanceof Response);
  for (const method of ['REGISTER', 'INVITE']) user.request(request(method), {} as Origin);
  user.ack(request('ACK'));
  for (const branch of ['ours', 'other']) {
    user.response(branch, response, place);
    user.timeout(branch, 'BYE');
    user.failed(branch, new Error('no'), 'BYE');
  }
  assert.deepEqual(said, [
    ...['registrar: REGISTER', 'rest: INVITE', 'rest: ack'],
    ...['client: response ours of 192.0.2.20', 'client: timeout ours BYE', 'client: failed ours BYE'],
    ...['rest: response other of 192.0.2.20', 'rest: timeout other BYE', 'rest: failed other BYE'],
  ]);
});
