// One step of load: SIPp plays a scenario at a rate against one server, while /proc tells what the server spends.
// The figures of a shared machine mean little alone: `others` says how much of a core everything else took meanwhile.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Step {
  readonly rate: number;
  readonly calls: number;
  readonly failed: number;
  /** Calls finished per second, from the first to the last. */
  readonly perSecond: number;
  /** CPU of the server, user and system, in milliseconds per call. */
  readonly cpuMs: number;
  /** SIPp's mean INVITE to 200, in milliseconds. */
  readonly answerMs: number;
  /** The share of one core taken by neither the server nor SIPp nor the application. */
  readonly others: number;
}

export interface Load {
  readonly scenario: string;
  readonly sipPort: number;
  /** A free port of ours for SIPp. */
  readonly localPort: number;
  readonly rate: number;
  readonly calls: number;
  readonly core: string;
  /** How long each call is held, for a scenario that pauses. */
  readonly holdMs?: number;
}

/** Plays one step; `pids` are the server and its application. `midway` is called when all calls have been made. */
export async function play(load: Load, pids: { server: number; application: number }): Promise<Step> {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-bench-'));
  try {
    const before = { server: cpuMs(pids.server), application: cpuMs(pids.application), machine: busyMs() };
    const startedAt = performance.now();
    const sippMs = await sipp(load, folder);
    const wallMs = performance.now() - startedAt;
    const spent = cpuMs(pids.server) - before.server;
    const known = spent + cpuMs(pids.application) - before.application + sippMs;
    const seen = statistics(join(folder, 'statistics.csv'));
    const done = Math.max(1, seen.successful);
    return {
      rate: load.rate,
      calls: load.calls,
      failed: load.calls - seen.successful,
      perSecond: seen.successful / seen.elapsedSeconds,
      cpuMs: spent / done,
      answerMs: seen.answerMs,
      others: Math.max(0, (busyMs() - before.machine - known) / wallMs),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs SIPp to its end and resolves to the CPU time it took, in milliseconds. */
function sipp(load: Load, folder: string): Promise<number> {
  const { scenario, sipPort, localPort, rate, calls, core } = load;
  const options = [
    ...['-c', core, 'sipp', `127.0.0.1:${sipPort}`, '-sf', scenario, '-i', '127.0.0.1', '-p', String(localPort)],
    ...['-mi', '127.0.0.1', '-ci', '127.0.0.1', '-cp', String(localPort + 1), '-s', 'app', '-nostdin'],
    ...['-r', String(rate), '-m', String(calls), '-l', '15000', '-deadcall_wait', '500', '-recv_timeout', '8000'],
    ...['-buff_size', '4194304', '-timeout', String(Math.ceil(calls / rate) + 60)],
    ...['-trace_stat', '-fd', '1', '-stf', join(folder, 'statistics.csv')],
    ...(load.holdMs === undefined ? [] : ['-d', String(load.holdMs)]),
  ];
  const child = spawn('taskset', options, { cwd: folder, stdio: 'ignore' });
  let spent = 0;
  const watch = setInterval(() => {
    spent = Math.max(spent, cpuMs(child.pid ?? 0));
  }, 100);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.on('close', () => {
      clearInterval(watch);
      resolve(spent);
    });
  });
}

/** The last line of SIPp's statistics. Rows are separated by semicolons, times are h:mm:ss:micros. */
function statistics(path: string): { successful: number; elapsedSeconds: number; answerMs: number } {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const names = lines[0]!.split(';');
  const last = lines.at(-1)!.split(';');
  const value = (name: string): string => last[names.indexOf(name)] ?? '';
  const secondsOf = (name: string): number => {
    const [hours = 0, minutes = 0, seconds = 0, micros = 0] = value(name).split(':').map(Number);
    return hours * 3600 + minutes * 60 + seconds + micros / 1e6;
  };
  return {
    successful: Number(value('SuccessfulCall(C)')),
    elapsedSeconds: secondsOf('ElapsedTime(C)'),
    answerMs: secondsOf('ResponseTime1(C)') * 1000,
  };
}

/** User and system time of a process and its threads, in milliseconds; 0 when it is gone. A tick is 10 ms. */
export function cpuMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/** Resident memory of a process, in kB. */
export function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

function busyMs(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0, steal = 0] = fields;
  return (user + nice + system + irq + soft + steal) * 10;
}
