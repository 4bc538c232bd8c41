// What the generated pages of docs/ say. A new page is one more entry in `pages`.

import { phoneTable, trunkTable } from '../src/config/access.ts';
import { environmentName, type Setting } from '../src/config/sources.ts';
import { applicationTable, table } from '../src/config.ts';
import { catalogue } from '../src/errors.ts';
import { type Figure, figures } from '../src/telemetry/metrics.ts';
import * as interop from '../test/interop/table/page.ts';
import { peers } from '../test/interop/table/peers.ts';
import { api } from './api.ts';
import { withCopies } from './copies.ts';
import { events } from './events.ts';
import { machines } from './machines.ts';
import { code, page, rows } from './markdown.ts';

interface Page {
  readonly path: string;
  readonly render: () => string | Promise<string>;
  /** The task that writes it, if not that of all the others. */
  readonly writtenBy?: string;
}

export const pages: readonly Page[] = [
  { path: 'docs/api.md', render: api },
  { path: 'docs/settings.md', render: settings },
  { path: 'docs/errors.md', render: errors },
  { path: 'docs/metrics.md', render: metrics },
  { path: 'docs/events.md', render: events },
  { path: 'docs/machines.md', render: machines },
  {
    path: interop.path,
    render: () => interop.render(peers, interop.versionsIn(interop.read())),
    writtenBy: 'npm run interop',
  },
  ...[
    'docs/getting-started.md',
    'docs/ladder.md',
    'docs/operator.md',
    'docs/refer.md',
    'docs/sip.md',
    'docs/webhooks.md',
  ].map((path) => ({
    path,
    render: () => withCopies(path),
  })),
];

function settings(): string {
  const all: readonly Setting<unknown>[] = Object.values(table);
  const entries = (name: string, table: Readonly<Record<string, Setting<unknown>>>): string =>
    rows(
      [`In an entry of \`${name}\``, 'Default', 'Meaning'],
      Object.values(table).map((each) => [code(each.name), defaultIn(each), each.meaning]),
    );
  return page(
    'Settings',
    'Every setting is an environment variable, and may also stand in a YAML file named by `SWITCHHOOK_CONFIG`.',
    `In the file the names are in lower case and without \`SWITCHHOOK_\`. The environment wins over the file; a variable
that is empty counts as unset. A wrong value or an unknown name ends the start with exit code 2 and a sentence for each.
\`SWITCHHOOK_PORT\`, \`SWITCHHOOK_PORT_*\` and \`SWITCHHOOK_SERVICE_*\`, which Kubernetes sets by itself, are ignored.`,
    rows(
      ['Variable', 'Default', 'Meaning'],
      all.map((each) => [code(environmentName(each)), code(each.default), each.meaning]),
    ),
    `## The file

\`\`\`yaml
http_listen: 0.0.0.0:8080
sip_listen: [ udp:0.0.0.0:5060, tcp:0.0.0.0:5060 ]
sip_public_address: 203.0.113.7
refer_timeout_ms: 60000
applications:
  - application_name: Front desk
    webhook_event_url: https://example.com/webhooks
  - id: "1289082222292239760"
    application_name: Night shift
    webhook_event_url: https://night.example.com/webhooks
    webhook_timeout_secs: 5
    numbers: [ "+13125550100", "+1312999*" ]
    sip_subdomain: night
    inbound_channel_limit: 30
    refer_before_answer: refuse
trunks:
  - name: carrier
    addresses: [ 192.0.2.0/24, "2001:db8:1::/48" ]
  - name: pbx
    registrar: sip:pbx.example.com
    username: "1000"
    password: a long password
    addresses: 198.51.100.7
phones:
  - username: alice
    password: another long password
    display_name: Alice
\`\`\`

The first application takes the inbound calls that are for no other one: see [Resources](resources.md). \`SWITCHHOOK_WEBHOOK_URL\` and \`SWITCHHOOK_WEBHOOK_FAILOVER_URL\` are its
URLs and win over what its entry says. What an entry says of refers wins over the settings above; a command of the API
wins over both.`,
    entries('applications', applicationTable),
    `## Who may come in

While there are neither trunks nor phones, whoever reaches a listener can call in. As soon as there is one, calls come from
peers on loopback, from trunks by their addresses, and from trunks and phones that know their password; all else is refused,
and who scans, guesses or floods gets no answer. Phones register with their username, at any host name that leads here. The
file holds passwords in clear: it should be readable by the server alone. More can be made by the API while the server runs:
[resources](resources.md#trunks-and-phones).`,
    entries('trunks', trunkTable),
    entries('phones', phoneTable),
  );
}

/** An entry that does not say how it refers does as the settings above say. */
function defaultIn(each: Setting<unknown>): string {
  return Object.values(table).some(({ name }) => name === each.name) ? 'as above' : code(each.default);
}

function metrics(): string {
  const all: readonly Figure[] = Object.values(figures);
  return page(
    'Metrics',
    'The figures of a running server are at `GET /metrics`, in the text format of Prometheus.',
    `Without a key while the HTTP API listens on loopback, else with an API key as \`Authorization: Bearer KEY\` (in a
scrape job of Prometheus: \`authorization\` with \`credentials\`). \`SWITCHHOOK_METRICS_ACCESS\` in
[Settings](settings.md) changes that. Counters begin with 0 at each start.`,
    rows(
      ['Figure', 'Type', 'Meaning'],
      all.map(({ name, type, help, label }) => [code(label ? `${name}{${label}}` : name), type, help]),
    ),
    ...all.flatMap(({ name, label, values }) =>
      values === undefined
        ? []
        : [
            `## ${name}`,
            rows(
              [code(label ?? ''), 'Meaning'],
              Object.entries(values).map(([value, meaning]) => [code(value), meaning]),
            ),
          ],
    ),
  );
}

function errors(): string {
  return page(
    'Errors',
    'A request that is refused is answered with a status and `{"errors":[{"code":"…","title":"…","detail":"…"}]}`.',
    `Where a field of the body is to blame, \`source.pointer\` is its JSON pointer. \`detail\` may say more than here. The
official client repeats a request by itself only after 408, 409, 429 and 5xx: give commands a \`command_id\` and a repeat is harmless.`,
    rows(
      ['Code', 'Status', 'Title', 'Detail'],
      Object.values(catalogue)
        .map(({ code: number, status, title, detail }) => [code(number), String(status), title, detail])
        .sort(([a = '', x = ''], [b = '', y = '']) => a.localeCompare(b) || x.localeCompare(y)),
    ),
  );
}
