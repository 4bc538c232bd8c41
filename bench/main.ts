// npm run bench [-- --rates 250,500,1000,1500 --seconds 6 --hold 1000]
// SIPp calls in, an application answers and refers, at rising rates; ours beside the floor in the same minutes, so that
// the ratio means something on a noisy machine. Then the memory of calls that are held.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { play, residentKb, type Step } from './load.ts';
import { floor, freePorts, loadCore, ours, type Subject } from './subjects.ts';

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '250,500,1000,1500' },
    seconds: { type: 'string', default: '6' },
    hold: { type: 'string', default: '1000' },
  },
});
const rates = values.rates.split(',').map(Number);
const seconds = Number(values.seconds);
const held = Number(values.hold);
const scenario = (name: string): string => join(import.meta.dirname, 'floor/sipp', name);

needs('sipp', 'npm test installs it where it may; else: apt-get install sip-tester');
needs('taskset', 'It is part of util-linux; the bench runs on Linux only.');
await compareCalls();
await compareMemory();

async function compareCalls(): Promise<void> {
  console.log(
    `Answer and refer, ${seconds} s a step, one core for the server. "others": share of a core taken by anything else.\n`,
  );
  console.log(row(['rate', 'subject', 'calls/s', 'failed', 'CPU ms/call', 'ratio', 'INVITE→200', 'others']));
  const subjects = [await floor('full'), await ours('none', 'refer'), await ours('quiet', 'refer')];
  try {
    for (const subject of subjects) await step(subject, 100, 3);
    for (const rate of rates) {
      let base: number | null = null;
      for (const subject of subjects) {
        const result = await step(subject, rate, seconds);
        base ??= result.cpuMs;
        console.log(row(cells(subject, result, result.cpuMs / base)));
      }
    }
  } finally {
    for (const subject of subjects) await subject.stop();
  }
}

async function step(subject: Subject, rate: number, forSeconds: number): Promise<Step> {
  const [port] = await freePorts(1);
  const load = { scenario: scenario('uac_refer.xml'), sipPort: subject.sipPort, localPort: Number(port), rate };
  return play({ ...load, calls: rate * forSeconds, core: loadCore }, subject.pids);
}

async function compareMemory(): Promise<void> {
  console.log(`\nMemory of ${held} calls answered and held.\n`);
  console.log(row(['', 'subject', 'before MB', 'held MB', 'kB/call', 'ratio', '', '']));
  let base: number | null = null;
  for (const begin of [() => floor('hold'), () => ours('none', 'hold'), () => ours('quiet', 'hold')]) {
    const subject = await begin();
    try {
      const { before, during } = await hold(subject);
      const each = (during - before) / held;
      base ??= each;
      const mb = (kb: number): string => (kb / 1024).toFixed(1);
      console.log(
        row(['', subject.name, mb(before), mb(during), each.toFixed(1), `${(each / base).toFixed(1)}×`, '', '']),
      );
    } finally {
      await subject.stop();
    }
  }
}

/** Resident memory before, and with all calls up; a first round warms up what is loaded and compiled once. */
async function hold(subject: Subject): Promise<{ before: number; during: number }> {
  const rate = 200;
  const callsFor = (held / rate) * 1000;
  const load = async (calls: number, holdMs: number): Promise<unknown> => {
    const [port] = await freePorts(1);
    const options = { scenario: scenario('uac_hold.xml'), sipPort: subject.sipPort, localPort: Number(port), rate };
    return play({ ...options, calls, core: loadCore, holdMs }, subject.pids);
  };
  await load(200, 100);
  const before = residentKb(subject.pids.server);
  const calls = load(held, callsFor + 4000);
  await new Promise((resolve) => setTimeout(resolve, callsFor + 2500));
  const during = residentKb(subject.pids.server);
  await calls;
  return { before, during };
}

function cells(subject: Subject, result: Step, ratio: number): string[] {
  const { rate, perSecond, failed, cpuMs, answerMs, others } = result;
  const figures = [perSecond.toFixed(0), String(failed), cpuMs.toFixed(3), `${ratio.toFixed(2)}×`];
  return [String(rate), subject.name, ...figures, `${answerMs.toFixed(1)} ms`, others.toFixed(2)];
}

function row(columns: readonly string[]): string {
  const widths = [6, 12, 10, 8, 12, 7, 11, 7];
  return columns
    .map((text, index) => (index === 1 ? text.padEnd(widths[1]!) : text.padStart(widths[index]!)))
    .join('  ');
}

function needs(program: string, how: string): void {
  if (spawnSync('which', [program]).status === 0) return;
  console.error(`The bench needs ${program}. ${how}`);
  process.exit(1);
}
