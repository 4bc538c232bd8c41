// Where cells run: one Switchhook with every transport, one application, one authority that signed its certificate, and
// the wire they are seen on. Cells that run side by side are told apart by whom they call.
import type { TestContext } from 'node:test';
import { localServer } from '../../../examples/demo/server.ts';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import type { Clock } from '../../../src/system.ts';
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
  /** It has signed our certificate. */
  readonly authority: Authority;
  /** Ends Switchhook as its operator does. Without that it ends with the test. */
  close(): Promise<void>;
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

const password = 'wonderland';
/** What a certificate of a peer on this machine is for. */
export const loopback = [
  { type: 'ip', value: '127.0.0.1' },
  { type: 'dns', value: 'localhost' },
] as const;
const rtpPorts = 40;

export interface WorldOptions {
  /** What stands in the settings file. */
  readonly file?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly authority?: Authority;
  readonly clock?: Clock;
}

export async function openWorld(scope: Scope, options: WorldOptions = {}): Promise<World> {
  const wire = new Wire();
  const { file = '', settings, clock, authority = await Authority.open(scope) } = options;
  const { certificate, key } = await authority.sign(loopback);
  const sip = await freePort();
  const ports = { udp: sip, tcp: sip, tls: await freePort(), ws: await freePort(), wss: await freePort() };
  const rtp = await freePorts(rtpPorts);
  const app = await Application.open(scope);
  const server = await localServer({
    trace: wire.trace,
    ...(clock && { clock }),
    environment: {
      SWITCHHOOK_CONFIG: settingsFile(scope, file),
      SWITCHHOOK_SIP_LISTEN: Object.entries(ports)
        .map(([transport, port]) => `${transport}:127.0.0.1:${port}`)
        .join(','),
      SWITCHHOOK_TLS_CERTIFICATE: certificate,
      SWITCHHOOK_TLS_KEY: key,
      SWITCHHOOK_TLS_CA: authority.file,
      SWITCHHOOK_TLS_CLIENTS: 'none',
      SWITCHHOOK_WEBHOOK_URL: app.url,
      SWITCHHOOK_RTP_PORTS: `${rtp}-${rtp + rtpPorts - 1}`,
      SWITCHHOOK_REFER_BYE_GRACE_MS: '250',
      SWITCHHOOK_REFER_INBOUND: 'follow',
      ...settings,
    },
  });
  let closed: Promise<void> | null = null;
  const close = () => (closed ??= server.close());
  scope.after(close);
  await app.connect({ httpAddress: server.httpAddress, apiKey: server.client.apiKey, tail: () => '' });
  return { app, wire, ports, authority, close };
}

/** The entries of phones that may register. */
export const phonesFile = (usernames: readonly string[]): string =>
  `phones:\n${usernames.map((username) => `  - { username: ${username}, password: ${password} }\n`).join('')}`;

/** The username of a cell's phone, and whom its call is to. */
export const nameOf = (row: Row, transport: TransportName): string =>
  `${row.toLowerCase().replaceAll(' ', '-')}-${transport}`;

export function placeOf(t: TestContext, world: World, row: Row, transport: TransportName): Place {
  const user = nameOf(row, transport);
  return { ...world, scope: new Scope(t), t, transport, user, account: { username: user, password } };
}

/** Where Switchhook is called at over this transport. */
export function uriOf({ ports }: Pick<World, 'ports'>, user: string, transport: TransportName): string {
  const parameter = transport === 'udp' ? '' : `;transport=${transport === 'wss' ? 'ws' : transport}`;
  return `sip:${user}@127.0.0.1:${ports[transport]}${parameter}`;
}

/** A call that came in, and that the application has answered. */
export async function answered({ app }: World, user: string): Promise<Conversation> {
  const call = await app.called(user);
  await call.answer();
  await call.gets('call.answered');
  return call;
}
