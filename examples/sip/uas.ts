// A UAS on one screen: it answers every call without sound, and says who called and who left. To try it:
//
//   npx node examples/sip/uas.ts      and call sip:anything@127.0.0.1:5070 from a softphone
import {
  belongsTo,
  contactFor,
  type Dialog,
  Endpoint,
  openSystem,
  reply,
  resolveHost,
  type System,
  sdp,
  UdpTransport,
  uasDialog,
} from '../../src/sip/index.ts';

export async function answerCalls(system: System, port = 0, say = console.log) {
  const dialogs = new Map<string, Dialog>();
  const udp = new UdpTransport({ system, host: '127.0.0.1', port });
  const endpoint = new Endpoint({
    system,
    transports: [udp],
    resolve: resolveHost,
    publicHost: null,
    allow: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'],
    supported: [],
    user: {
      request(request, origin) {
        const tag = [...dialogs].find(([, dialog]) => belongsTo(dialog, request))?.[0];
        if (tag !== undefined) {
          if (request.method === 'BYE') say('left', request.from.uri, dialogs.delete(tag));
          return endpoint.respond(origin, 200, reply(request, request.method === 'INVITE' ? 488 : 200));
        }
        const toTag = system.ids.seed();
        const dialog = uasDialog(request, toTag, origin.from);
        if (request.method !== 'INVITE') return endpoint.respond(origin, 481, reply(request, 481, { toTag }));
        const local = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' } as const;
        const answer = sdp.answer(request.body, local);
        if (dialog === null || typeof answer === 'string') {
          return endpoint.respond(origin, 488, reply(request, 488, { toTag }));
        }
        dialogs.set(toTag, dialog);
        say('called by', request.from.uri);
        const headers = [
          ['Contact', contactFor(udp.local, 'uas')],
          ['Content-Type', 'application/sdp'],
        ] as const;
        // A 2xx is repeated until its ACK (RFC 3261 §13.3.1.4).
        endpoint.repeat(request.callId, '2xx', origin, 200, reply(request, 200, { toTag, headers, body: answer.sdp }));
      },
      ack: (request) => endpoint.quiet(request.callId),
      response() {},
      timeout() {},
      failed() {},
    },
  });
  await endpoint.listen();
  return { uri: `sip:uas@127.0.0.1:${udp.local.port}`, calls: dialogs, close: () => endpoint.close() };
}

if (import.meta.main) {
  const system = openSystem();
  console.log('listens at', (await answerCalls(system, 5070)).uri);
}
