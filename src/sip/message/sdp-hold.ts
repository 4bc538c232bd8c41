// Hold in a session description (RFC 3264 §8.4, RFC 8866 §6.7): the same streams, over which nothing is sent, and whether one
// asks for that. Text in, text out; what it says of codecs, keys and candidates goes through untouched.
import { describe, isOn } from './sdp-description.ts';

const direction = /^a=(?:sendrecv|sendonly|recvonly|inactive)[ \t]*$/;

/** The description with every stream inactive: who hears it neither sends nor hears. */
export function silenced(sdp: string): string {
  const lines = sdp.split(/\r\n|\n|\r/).filter((line) => line !== '' && !direction.test(line));
  const first = lines.findIndex((line) => line.startsWith('m='));
  if (first < 0) return sdp;
  const streams = lines.slice(first + 1).flatMap((line) => (line.startsWith('m=') ? ['a=inactive', line] : [line]));
  return [...lines.slice(0, first + 1), ...streams, 'a=inactive', ''].join('\r\n');
}

/** Whether who is told this is to send nothing: each of its streams is off, sendonly or inactive. */
export function asksForSilence(sdp: string): boolean {
  const described = describe(sdp);
  if (described === null) return false;
  const silent = (attributes: readonly string[]) => attributes.findLast((each) => direction.test(`a=${each}`));
  const bySession = silent(described.session.attributes) ?? 'sendrecv';
  return described.streams
    .filter(isOn)
    .every(({ attributes }) => /^(?:sendonly|inactive)/.test(silent(attributes) ?? bySession));
}
