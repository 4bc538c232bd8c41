// npm run bench:sip [-- --rounds 9 --ms 120]
// Our parser beside those of npm on the same messages, and a whole call between two of our endpoints. Subjects take turns
// in short rounds and the CPU time of this process is counted, so that what else the machine does weighs on all alike;
// the median of the rounds is printed, and how many times ours does the job while the other does it once.
import { parseArgs } from 'node:util';
import { exchange } from './sip-exchange.ts';
import { messages } from './sip-messages.ts';
import { type Subject, subjects } from './sip-subjects.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, ms: { type: 'string', default: '120' } },
});
const rounds = Number(values.rounds);
const roundMs = Number(values.ms);

type Job = () => unknown;
/** What was made last: a job whose result nobody keeps might not be done at all. */
const kept: { last: unknown } = { last: null };

const all = await subjects();
console.log('What each does when it parses');
for (const { name, does } of all) console.log(`  ${name.padEnd(20)}${does}`);
console.log(`\nµs of CPU, median of ${rounds} rounds; in brackets, how often ours does it meanwhile\n`);
console.log(row(['', ...all.map(({ name }) => name)]));
agree();
for (const [title, job] of jobs()) compare(title, job);
await compareCalls();

/** Before anything is measured: all read the same values. */
function agree(): void {
  const seen = all.map(({ read }) => JSON.stringify(read(Buffer.from(messages.REFER, 'latin1')).map(String)));
  if (new Set(seen).size !== 1) throw new Error(`The subjects read other values than ours:\n${seen.join('\n')}`);
}

function jobs(): readonly (readonly [title: string, job: (subject: Subject) => Job | undefined])[] {
  const names = ['INVITE', 'REFER', 'NOTIFY', '200'] as const;
  const bytes = new Map(names.map((name) => [name, Buffer.from(messages[name], 'latin1')]));
  const each = (title: string, job: (subject: Subject, message: Buffer) => Job | undefined) =>
    names.map((name) => {
      const message = bytes.get(name)!;
      return [`${title} ${name} (${message.length} B)`, (subject: Subject) => job(subject, message)] as const;
    });
  const invite = bytes.get('INVITE')!;
  return [
    ...each(
      'parse',
      ({ parse }, message) =>
        () =>
          parse(message),
    ),
    ...each(
      'parse, read',
      ({ read }, message) =>
        () =>
          read(message),
    ),
    ...each('parse, write', ({ serialize }, message) => serialize && (() => serialize(message))),
    ['parse, 200 to INVITE', ({ reply }) => reply && (() => reply(invite))],
  ];
}

function compare(title: string, jobOf: (subject: Subject) => Job | undefined): void {
  const times = measure(all.map(jobOf));
  const [ours] = times;
  console.log(
    row([
      title,
      ...times.map((time, index) => {
        if (time === null) return '–';
        return index === 0 ? time.toFixed(2) : `${time.toFixed(2)} (${(time / ours!).toFixed(1)}×)`;
      }),
    ]),
  );
}

/** A call has six messages, each written once and read once; the others have no endpoints that could be put to it here. */
async function compareCalls(): Promise<void> {
  const ours = await exchange(messages.INVITE);
  const ladder = [messages.INVITE, messages['200'], messages['200'], messages.REFER, messages.REFER, messages['200']];
  const bytes = ladder.map((text) => Buffer.from(text, 'latin1'));
  const alone = all.map(({ serialize }) => serialize && (() => bytes.map((message) => serialize(message))));
  let calls = 0;
  const whole = (): void => {
    ours.call();
    calls += 1;
  };
  const [call, ...rest] = measure([whole, ...alone]);
  if (ours.done() !== calls) throw new Error(`${calls - ours.done()} calls did not end.`);
  await ours.close();
  console.log('\nA call: INVITE 100 200 ACK BYE 200, each message written once and parsed once');
  console.log(`  ${'switchhook, two endpoints with transactions and timers'.padEnd(60)}${call!.toFixed(1)} µs`);
  rest.forEach((time, index) => {
    if (time === null) return;
    const name = `${all[index]!.name}, six messages parsed and written, no more`;
    console.log(`  ${name.padEnd(60)}${time.toFixed(1)} µs (${(time / call!).toFixed(1)}×)`);
  });
}

/** The microseconds of one run of each job, in turns; null for a job that is none. */
function measure(todo: readonly (Job | undefined)[]): (number | null)[] {
  const batches = todo.map((job) => (job ? batchOf(job) : 0));
  const times: number[][] = todo.map(() => []);
  for (let round = 0; round < rounds; round++)
    todo.forEach((job, index) => {
      if (job) times[index]!.push(cpuUs(job, batches[index]!));
    });
  return times.map((each) => each.sort((a, b) => a - b)[each.length >> 1] ?? null);
}

/** How many runs fill a round, found while the code warms up. */
function batchOf(job: Job): number {
  cpuUs(job, 100);
  let runs = 100;
  for (let tries = 0; tries < 4; tries++) runs = Math.max(20, Math.ceil((roundMs * 1000) / cpuUs(job, runs)));
  return runs;
}

function cpuUs(job: Job, runs: number): number {
  const before = process.cpuUsage();
  for (let run = 0; run < runs; run++) kept.last = job();
  const { user, system } = process.cpuUsage(before);
  return Math.max(user + system, 1) / runs;
}

function row([title = '', ...cells]: readonly string[]): string {
  return title.padEnd(26) + cells.map((cell) => cell.padStart(20)).join('');
}
