// A WebSocket client on one screen (RFC 7118): it registers, calls an address by the same connection, and leaves. To try it
// with whatever serves SIP over WebSocket:
//
//   npx node examples/sip/websocket.ts 'sip:127.0.0.1:5066;transport=ws' alice secret 'sip:bob@127.0.0.1:5066;transport=ws'
import { type Credentials, openSystem, Registrations, sdp, UserAgent, WebSocketTransport } from 'switchhook/sip';

const silent = sdp.offer({ sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' });

/** Resolves with the status of the call, or with 403 when the server would not register us. */
export async function registerAndCall(server: string, credentials: Credentials, uri: string, say = console.log) {
  const system = openSystem();
  const aor = server.replace(/^(sips?:)([^;]*).*$/, `$1${credentials.username}@$2`);
  const registered = Promise.withResolvers<boolean>();
  const registrations = new Registrations({
    system,
    accounts: [{ name: 'us', aor, servers: [server], credentials, realm: null, expires: 600 }],
    store: { get: async () => null, put: async () => {} },
    addresses: () => agent.endpoint.localAddresses(),
    changed({ state, failure }) {
      say(state, failure ?? 'at', server);
      if (state !== 'trying') registered.resolve(state === 'registered');
    },
  });
  const agent: UserAgent = new UserAgent({
    system,
    name: credentials.username,
    aor,
    credentials,
    transports: [new WebSocketTransport({ system, listen: null, certificates: null })],
    parts: [registrations],
  });
  await agent.listen();
  await registrations.start(agent.endpoint);
  try {
    if (!(await registered.promise)) return 403;
    const { status, call } = await agent.invite(uri, { sdp: silent });
    say(call ? 'answered by' : `refused with ${status} by`, uri);
    await call?.bye();
    return status;
  } finally {
    await registrations.stop(2_000);
    await agent.close();
  }
}

if (import.meta.main) {
  const [server = 'sip:127.0.0.1:5066;transport=ws', username = 'alice', password = 'secret', uri = server] =
    process.argv.slice(2);
  await registerAndCall(server, { username, password }, uri);
}
