// The log of the server: one JSON line per event on standard error, by pino. Leaves out what a log is (system.ts), so
// that the SIP stack by itself needs no pino.
import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { Log } from './system.ts';

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
  return pino(options, destination({ dest: 2, sync: true }));
}
