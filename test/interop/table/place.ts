// Where cells run: one Switchhook with every transport, one application, one authority that signed its certificate, and
// the wire they are seen on. Cells that run side by side are told apart by whom they call.
import type { TestContext } from 'node:test';
import { localServer } from '../../../examples/demo/server.ts';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { Authority } from '../../support/certificates.ts';
import { Application, type Conversation } from '../support/application.ts';
import type { Account } from '../support/phone.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { settingsFile } from '../support/registering.ts';
import { Scope } from '../support/scope.ts';
import type { Row } from './rows.ts';
import { Wire } from './wire.ts';

export interface World {
  readonly app: Application;
  readonly wire: Wire;
  readonly ports: Readonly<Record<TransportName, number>>;
  /** The file with the certificate of the authority that signed ours. */
  readonly ca: string;
  /** That of an authority that has signed nothing. */
  readonly strangeCa: string;
}

/** What one cell has to itself, over one transport. */
export interface Place extends World {
  readonly scope: Scope;
  readonly t: TestContext;
  readonly transport: TransportName;
  /** Whom it calls: nobody else calls them. */
  readonly user: string;
  /** Who it registers as. */
  readonly account: Account;
}

export const password = 'wonderland';
const rtpPorts = 100;

/** `phones` are the usernames that may register. */
export async function openWorld(
  scope: Scope,
  phones: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<World> {
  const wire = new Wire();
  const authority = await Authority.open(scope);
  const { certificate, key } = await authority.sign([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ]);
  const sip = await freePort();
  const ports = { udp: sip, tcp: sip, tls: await freePort(), ws: await freePort(), wss: await freePort() };
  const rtp = await freePorts(rtpPorts);
  const entries = phones.map((username) => `  - { username: ${username}, password: ${password} }\n`);
  const app = await Application.open(scope);
  const server = await localServer({
    trace: wire.trace,
    environment: {
      SWITCHHOOK_CONFIG: settingsFile(scope, `phones:\n${entries.join('')}`),
      SWITCHHOOK_SIP_LISTEN: Object.entries(ports)
        .map(([transport, port]) => `${transport}:127.0.0.1:${port}`)
        .join(','),
      SWITCHHOOK_TLS_CERTIFICATE: certificate,
      SWITCHHOOK_TLS_KEY: key,
      SWITCHHOOK_WEBHOOK_URL: app.url,
      SWITCHHOOK_RTP_PORTS: `${rtp}-${rtp + rtpPorts - 1}`,
      SWITCHHOOK_REFER_BYE_GRACE_MS: '250',
      ...settings,
    },
  });
  scope.after(() => server.close());
  await app.connect({ httpAddress: server.httpAddress, apiKey: server.client.apiKey, tail: () => '' });
  return { app, wire, ports, ca: authority.file, strangeCa: (await Authority.open(scope)).file };
}

/** The username of a cell's phone, and whom its call is to. */
export const nameOf = (row: Row, transport: TransportName): string =>
  `${row.toLowerCase().replaceAll(' ', '-')}-${transport}`;

export function placeOf(t: TestContext, world: World, row: Row, transport: TransportName): Place {
  const user = nameOf(row, transport);
  return { ...world, scope: new Scope(t), t, transport, user, account: { username: user, password } };
}

/** Where Switchhook is called at over this transport. */
export function uriOf({ ports }: World, user: string, transport: TransportName): string {
  const parameter = transport === 'udp' ? '' : `;transport=${transport}`;
  return `sip:${user}@127.0.0.1:${ports[transport]}${parameter}`;
}

/** A call that came in, and that the application has answered. */
export async function answered({ app }: World, user: string): Promise<Conversation> {
  const call = await app.called(user);
  await call.answer();
  await call.gets('call.answered');
  return call;
}
