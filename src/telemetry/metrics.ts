// The figures of a running server in the text that Prometheus reads. Each is asked for when it is scraped: nothing is
// counted here. Knows what each figure is called and means (docs/metrics.md is made of it), and where none comes from.
import { Counter, Gauge, Registry } from 'prom-client';

export interface Figure {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** What tells its values apart; one without has one value. */
  readonly label?: string;
  /** Each value of the label, and what it means; a label without has those of the settings. */
  readonly values?: Readonly<Record<string, string>>;
}

export const figures = {
  calls: { name: 'switchhook_calls', type: 'gauge', help: 'Calls that are live.' },
  turnedAway: {
    name: 'switchhook_calls_turned_away_total',
    type: 'counter',
    help: 'Calls, in and out, that were turned away because there was no room (`SWITCHHOOK_MAX_CALLS`) or no time for them.',
  },
  transactions: {
    name: 'switchhook_sip_transactions',
    type: 'gauge',
    help: 'SIP transactions that are under way, those that wait for late copies included.',
  },
  admission: {
    name: 'switchhook_sip_admission_total',
    type: 'counter',
    help: 'SIP requests that did not simply come in, by what was done with them.',
    label: 'outcome',
    values: {
      challenged: 'asked for a password',
      refused: 'refused',
      failed: 'came with a wrong password',
      scanners: 'dropped: a scanner, by its own name',
      silenced: 'dropped: the source has failed too often',
      limited: 'dropped: the source sends too much (`SWITCHHOOK_SIP_REQUESTS_PER_SECOND`)',
      unanswered: 'dropped: the source was asked too often and never answers',
    },
  },
  bindings: {
    name: 'switchhook_sip_bindings',
    type: 'gauge',
    help: 'Contacts by which phones are registered with us.',
  },
  registered: {
    name: 'switchhook_sip_registered',
    type: 'gauge',
    help: '1 while we are registered with a trunk, else 0. There is a value for each trunk with a `registrar`.',
    label: 'trunk',
  },
  webhooks: {
    name: 'switchhook_webhook_outcomes_total',
    type: 'counter',
    help: 'What came of webhooks.',
    label: 'outcome',
    values: {
      delivered: 'accepted with a 2xx',
      repeated: 'an attempt that was not accepted, and is repeated',
      failed: 'given up',
    },
  },
  webhooksDue: { name: 'switchhook_webhooks_due', type: 'gauge', help: 'Webhooks not yet delivered and not given up.' },
} as const satisfies Readonly<Record<string, Figure>>;

type ByLabel<F> = F extends { readonly values: infer V }
  ? Readonly<Record<keyof V & string, number>>
  : Readonly<Record<string, number>>;

/** How each figure is asked for: a number, or numbers by the value of its label. Those of counters only rise. */
export type Readings = {
  readonly [Name in keyof typeof figures]: () => (typeof figures)[Name] extends { readonly label: string }
    ? ByLabel<(typeof figures)[Name]>
    : number;
};

export class Metrics {
  readonly #registry = new Registry();

  constructor(readings: Readings) {
    for (const name of Object.keys(figures) as (keyof Readings)[]) this.#add(figures[name], readings[name]);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #add(figure: Figure, read: () => number | Readonly<Record<string, number>>): void {
    const { name, help, label, type } = figure;
    const options = { name, help, labelNames: label === undefined ? [] : [label], registers: [this.#registry] };
    if (type === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...options,
        collect: () => refill(gauge, figure, read(), (...one) => gauge.set(...one)),
      });
    } else {
      // What was counted elsewhere is the whole count: it takes the place of what was read before.
      const counter: Counter = new Counter({
        ...options,
        collect: () => refill(counter, figure, read(), (...one) => counter.inc(...one)),
      });
    }
  }
}

type Labels = Readonly<Record<string, string>>;

/** What is gone since the last time has no value any more. */
function refill(
  metric: { reset(): void },
  { label = '' }: Figure,
  values: number | Readonly<Record<string, number>>,
  put: (labels: Labels, value: number) => void,
): void {
  metric.reset();
  if (typeof values === 'number') put({}, values);
  else for (const [value, count] of Object.entries(values)) put({ [label]: value }, count);
}
