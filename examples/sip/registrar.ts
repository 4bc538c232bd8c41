// A registrar on one screen: phones register with a password, by UDP or WebSocket, and whoever calls one is sent to where it
// is (302). What it knows ends with the process. To try it, and call sip:alice@127.0.0.1:5080 once she has registered:
//
//   npx node examples/sip/registrar.ts alice:secret bob:secret
import * as sip from 'switchhook/sip';

/** In memory: a registrar keeps its bindings itself, and a store that forgets only means that a restart does. */
const forgetful: sip.BindingStore = { bindings: async () => [], bind: async () => {} };

export async function takeRegistrations(phones: readonly sip.PhoneRule[], ports = { udp: 0, ws: 0 }) {
  const system = sip.openSystem();
  const host = '127.0.0.1';
  const registrar = new sip.Registrar({
    system,
    store: forgetful,
    mayRegister: (aor, { peer }) => peer === `phone:${aor}`,
  });
  const agent = new sip.UserAgent({
    system,
    name: 'registrar',
    transports: [
      new sip.UdpTransport({ system, host, port: ports.udp }),
      new sip.WebSocketTransport({ system, listen: { host, port: ports.ws }, certificates: null }),
    ],
    gate: new sip.Admission({ system, trunks: [], phones, realm: 'registrar.example' }),
    allow: ['REGISTER'],
    parts: [registrar],
    invited(invite) {
      const places = registrar.locate(invite.request.uri).map(({ contact }) => ['Contact', `<${contact}>`] as const);
      if (places.length === 0) invite.refuse(480);
      else invite.refuse(302, places);
    },
  });
  await registrar.start(agent.endpoint);
  await agent.listen();
  const close = async (): Promise<void> => {
    registrar.stop();
    await agent.close();
  };
  return { agent, registrar, close };
}

if (import.meta.main) {
  const words = process.argv.slice(2).map((word) => word.split(':'));
  const phones = words.map(([username = '', password = '']) => ({ username, password }));
  const { agent } = await takeRegistrations(phones, { udp: 5080, ws: 5081 });
  console.log('listens at', agent.uri, 'and ws://127.0.0.1:5081');
}
