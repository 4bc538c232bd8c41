// A digit in the body of an INFO: application/dtmf-relay, a line for the signal and one for its duration, and application/dtmf,
// the signal alone. No RFC has them, every phone and gateway does. Leaves out tones in the sound (RFC 4733).

/** One of `0-9A-D*#`; `durationMs` is null where the body does not say how long its tone is. */
export interface Digit {
  readonly digit: string;
  readonly durationMs: number | null;
}

export const dtmfRelay = 'application/dtmf-relay';

/** What the numbers of RFC 4733 §3.2 (table 3) stand for, which some write instead of the signal. */
const events = '0123456789*#ABCD';

export function writeDigit(digit: string, durationMs: number): string {
  return `Signal=${digit}\r\nDuration=${durationMs}\r\n`;
}

/** Null where the body is no digit. */
export function readDigit(contentType: string, body: string): Digit | null {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/dtmf') return digitOf(body.trim(), null);
  if (type !== dtmfRelay) return null;
  const duration = /^[1-9]\d{0,5}$/.exec(fieldOf(body, 'duration') ?? '');
  return digitOf(fieldOf(body, 'signal') ?? '', duration === null ? null : Number(duration[0]));
}

function fieldOf(body: string, name: string): string | null {
  for (const line of body.split(/\r\n?|\n/)) {
    const [, field, value] = /^[ \t]*([a-z]+)[ \t]*=[ \t]*(.*?)[ \t]*$/i.exec(line) ?? [];
    if (field?.toLowerCase() === name) return value ?? null;
  }
  return null;
}

function digitOf(signal: string, durationMs: number | null): Digit | null {
  if (/^[0-9A-D*#]$/i.test(signal)) return { digit: signal.toUpperCase(), durationMs };
  const digit = /^1[0-5]$/.test(signal) ? events[Number(signal)] : undefined;
  return digit === undefined ? null : { digit, durationMs };
}
