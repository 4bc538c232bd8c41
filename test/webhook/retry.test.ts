import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Circumstances,
  isExpired,
  next,
  type Outcome,
  type Progress,
  redirectOf,
  resume,
} from '../../src/webhook/retry.ts';
import { destination } from '../conformance/store.ts';

const primary = 'https://a.example/hook';
const failover = 'https://b.example/hook';

interface Plan {
  readonly failoverUrl?: string;
  readonly timeoutMs?: number;
  readonly maxAgeMs?: number;
  readonly random?: number;
  /** How long each attempt lasts. */
  readonly lastsMs?: number;
  readonly attempts?: number;
  readonly retriesMs?: readonly number[];
}

/** Plays answers until the event is delivered or failed, or they run out. Each line: wait, URL, attempt; then the end. */
function play(answers: readonly Outcome[], plan: Plan = {}): string[] {
  const {
    failoverUrl = null,
    retriesMs = null,
    timeoutMs = 2_000,
    maxAgeMs = 86_400_000,
    random = 0,
    lastsMs = 0,
  } = plan;
  const to = destination({ url: primary, failoverUrl, timeoutMs, retriesMs });
  let { attempts = 0 } = plan;
  let progress: Progress = { ...resume(null, attempts, to), begunAt: 0 };
  let elapsedMs = 0;
  const drawn: string[] = [];
  for (const answer of answers) {
    attempts += 1;
    elapsedMs += lastsMs;
    const facts = { destination: to, attempts, occurredAt: 0, date: elapsedMs, maxAgeMs, random };
    const verdict = next(progress, answer, facts satisfies Circumstances);
    if (verdict.type !== 'again') return [...drawn, verdict.type];
    drawn.push(`+${verdict.delayMs} ${verdict.url === primary ? 'primary' : 'failover'} #${verdict.attempt}`);
    progress = verdict.progress;
    elapsedMs += verdict.delayMs;
  }
  return drawn;
}

const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome);

const schedules: readonly (readonly [
  name: string,
  answers: readonly Outcome[],
  plan: Plan,
  drawn: readonly string[],
])[] = [
  ['200', [200], {}, ['delivered']],
  ['any 2xx', [299], {}, ['delivered']],
  ['receiver-500-then-200', [500, 200], {}, ['+1000 primary #2', 'delivered']],
  ['no answer is tried again', [null, null, 200], {}, ['+1000 primary #2', '+3000 primary #3', 'delivered']],
  ['408 and 429 are tried again', [408, 429, 200], {}, ['+1000 primary #2', '+3000 primary #3', 'delivered']],
  ['the waits have jitter', [503, 503], { random: 0.5 }, ['+1125 primary #2', '+3375 primary #3']],
  [
    'receiver-down-failover',
    [...times(3, null), 200],
    { failoverUrl: failover },
    ['+1000 primary #2', '+3000 primary #3', '+0 failover #4', 'delivered'],
  ],
  [
    'the failover URL gets the same tries, then both one pass at growing intervals',
    times(12, 502),
    { failoverUrl: failover },
    [
      ...['+1000 primary #2', '+3000 primary #3', '+0 failover #4', '+1000 failover #5', '+3000 failover #6'],
      ...['+6000 primary #7', '+0 failover #8', '+12000 primary #9', '+0 failover #10'],
      ...['+24000 primary #11', '+0 failover #12', '+48000 primary #13'],
    ],
  ],
  [
    'the interval ends at 60 s, jitter included',
    times(8, 500),
    { random: 1 },
    [
      ...['+1250 primary #2', '+3750 primary #3', '+7500 primary #4', '+15000 primary #5'],
      ...['+30000 primary #6', '+60000 primary #7', '+60000 primary #8', '+60000 primary #9'],
    ],
  ],
  ['a refusal ends it', [404], {}, ['failed']],
  ['a redirect that is not followed ends it', [302], {}, ['failed']],
  ['a refusal after no answer ends it', [null, 410], {}, ['+1000 primary #2', 'failed']],
  [
    'a refusal goes straight to the failover URL',
    [400, 200],
    { failoverUrl: failover },
    ['+0 failover #2', 'delivered'],
  ],
  ['refused by both', [400, 403], { failoverUrl: failover }, ['+0 failover #2', 'failed']],
  [
    'refused, and the failover URL is down for its one pass',
    [401, ...times(3, null)],
    { failoverUrl: failover },
    ['+0 failover #2', '+1000 failover #3', '+3000 failover #4', 'failed'],
  ],
  [
    'refused by the failover URL: it is not asked again',
    [500, 500, 500, 404, 500, 200],
    { failoverUrl: failover },
    ['+1000 primary #2', '+3000 primary #3', '+0 failover #4', '+6000 primary #5', '+12000 primary #6', 'delivered'],
  ],
  [
    'max age 0 gives up after the first round',
    times(3, 500),
    { maxAgeMs: 0 },
    ['+1000 primary #2', '+3000 primary #3', 'failed'],
  ],
  [
    'an attempt that would come too late is not awaited',
    times(5, 500),
    { maxAgeMs: 20_000 },
    ['+1000 primary #2', '+3000 primary #3', '+6000 primary #4', 'failed'],
  ],
  [
    'the first round ends within 60 s: slow timeouts cost tries',
    times(3, null),
    { failoverUrl: failover, timeoutMs: 30_000, lastsMs: 30_000 },
    ['+0 failover #2', '+6000 primary #3', '+0 failover #4'],
  ],
  [
    'the first round ends within 60 s: two tries of 20 s do not fit before the failover URL',
    times(4, null),
    { failoverUrl: failover, timeoutMs: 20_000, lastsMs: 20_000 },
    ['+0 failover #2', '+6000 primary #3', '+0 failover #4', '+12000 primary #5'],
  ],
  [
    'without a failover URL all 60 s are for the primary',
    times(3, null),
    { timeoutMs: 20_000, lastsMs: 20_000 },
    ['+1000 primary #2', '+6000 primary #3', '+12000 primary #4'],
  ],
  [
    'a policy takes the place of the whole schedule, without jitter',
    times(4, 503),
    { retriesMs: [100, 0, 60_000], random: 0.5 },
    ['+100 primary #2', '+0 primary #3', '+60000 primary #4', 'failed'],
  ],
  ['an empty policy: one attempt', [null], { retriesMs: [] }, ['failed']],
  [
    'a policy holds for the failover URL as well, however long an attempt lasts',
    times(4, null),
    { retriesMs: [50_000], failoverUrl: failover, timeoutMs: 30_000, lastsMs: 30_000 },
    ['+50000 primary #2', '+0 failover #3', '+50000 failover #4', 'failed'],
  ],
  [
    'a policy, and the primary refuses',
    [404, 500, 200],
    { retriesMs: [10], failoverUrl: failover },
    ['+0 failover #2', '+10 failover #3', 'delivered'],
  ],
  ['an address that is forbidden is not asked again', ['forbidden'], {}, ['failed']],
  ['nor kept from the failover URL', ['forbidden', 200], { failoverUrl: failover }, ['+0 failover #2', 'delivered']],
  ['restart in the first round: it begins anew, the attempt counts on', [500], { attempts: 2 }, ['+1000 primary #4']],
  ['restart in a later round: one pass at its interval', [500], { attempts: 4 }, ['+24000 primary #6']],
  [
    'restart in a later round of two URLs',
    [500, 500],
    { attempts: 6, failoverUrl: failover },
    ['+0 failover #8', '+12000 primary #9'],
  ],
];

describe('retry: schedule', () => {
  for (const [name, answers, plan, drawn] of schedules) {
    it(name, () => assert.deepEqual(play(answers, plan), drawn));
  }

  it('never lets a first round last longer than 60 s', () => {
    for (const failoverUrl of [undefined, failover]) {
      for (let timeoutMs = 500; timeoutMs <= 30_000; timeoutMs += 500) {
        const drawn = play(times(8, null), { timeoutMs, lastsMs: timeoutMs, random: 1, failoverUrl, maxAgeMs: 0 });
        const waits = drawn.map((line) => Number(/^\+(\d+)/.exec(line)?.[1] ?? 0));
        const total = drawn.length * timeoutMs + waits.reduce((sum, wait) => sum + wait, 0);
        assert.equal(drawn.at(-1), 'failed');
        assert.ok(total <= 60_000, `${timeoutMs} ms, ${failoverUrl}: ${total} ms`);
        assert.equal(
          drawn.some((line) => line.includes('failover')),
          failoverUrl !== undefined,
        );
      }
    }
  });
});

describe('retry: age', () => {
  const cases: readonly (readonly [attempts: number, date: number, maxAgeMs: number, expired: boolean])[] = [
    [0, 1_000_000, 0, false],
    [2, 1_000_000, 10, false],
    [3, 1_000_000, 10, true],
    [3, 10, 10, false],
  ];
  for (const [attempts, date, maxAgeMs, expired] of cases) {
    it(`after ${attempts} attempts, ${date} ms old of ${maxAgeMs}: ${expired ? 'given up' : 'tried'}`, () => {
      assert.equal(isExpired(resume(null, attempts, destination()), 0, date, maxAgeMs), expired);
    });
  }
});

describe('retry: redirects', () => {
  const from = 'https://a.example/hook?x=1';
  const cases: readonly (readonly [
    status: number,
    location: string | undefined,
    followed: number,
    to: string | null,
  ])[] = [
    [307, 'https://b.example/other', 0, 'https://b.example/other'],
    [308, '/other', 2, 'https://a.example/other'],
    [308, '//c.example/x', 0, 'https://c.example/x'],
    [308, '/other', 3, null],
    [307, undefined, 0, null],
    [307, 'http://a.example/hook', 0, null],
    [307, 'file:///etc/passwd', 0, null],
    [307, 'https://[', 0, null],
    [301, '/other', 0, null],
    [302, '/other', 0, null],
    [303, '/other', 0, null],
    [200, '/other', 0, null],
  ];
  for (const [status, location, followed, to] of cases) {
    it(`${status} to ${location} after ${followed}: ${to ?? 'not followed'}`, () => {
      assert.equal(redirectOf(status, location, from, followed), to);
    });
  }
});

describe('retry: a restart', () => {
  it('goes on where it was, by what was written', () => {
    const progress = {
      ...{ round: 0, on: 'failover', repeats: 1, primaryRefused: true, failoverRefused: false, begunAt: 5 },
    } as const;
    assert.deepEqual(resume(JSON.stringify(progress), 3, destination()), progress);
  });
});
