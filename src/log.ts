// The log of the server: one JSON line per event on standard error, by pino. Leaves out what a log is (system.ts), so
// that the SIP stack by itself needs no pino.
import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { Log } from './system.ts';

/** What JSON leaves as it is and a terminal obeys, or takes for the end of a line: DEL, C1, and two of Unicode's. */
const obeyed = /[\x7f-\x9f\u2028\u2029]/g;
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * One JSON line per event on standard error. Lines are written before the call returns: the last ones before a crash
 * are those that matter.
 */
export function realLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent'): Log {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err, err: stdSerializers.err },
  };
  const out = destination({ dest: 2, sync: true });
  return pino(options, { write: (line) => out.write(line.replace(obeyed, escaped)) });
}
