// Messages to text: the start line, the header fields in the order given, Content-Length last, the body (RFC 3261 §7).
// A line break in a part is a mistake of ours, never the peer's: it throws, because it would write another message.
import type { HeaderList } from './message.ts';
import { phrase } from './status.ts';

/** A request as text. Throws on a line break in a part: a mistake of whoever writes it. */
export function writeRequest(
  line: { readonly method: string; readonly uri: string },
  headers: HeaderList,
  body = '',
): string {
  return `${oneLine(line.method)} ${oneLine(line.uri)} SIP/2.0\r\n${writeFields(headers)}${writeBody(body)}`;
}

/** A response as text. Throws on a line break in a part. */
export function writeResponse(
  line: { readonly status: number; readonly reason?: string | undefined },
  headers: HeaderList,
  body = '',
): string {
  return statusLine(line.status, line.reason) + writeFields(headers) + writeBody(body);
}

/** A request of ours with another topmost Via: it leaves by another way than it was written for (RFC 3261 §18.1.1). */
export function withVia(request: string, via: string): string {
  const [line] = topmostVia.exec(request) ?? [];
  if (line === undefined) throw new Error('A request without Via cannot be sent.');
  const at = request.indexOf(line);
  return `${request.slice(0, at)}\r\nVia: ${oneLine(via)}${request.slice(at + line.length)}`;
}

/** A request of ours with its Contact put anew; one without stays as it is. */
export function withContact(request: string, put: (value: string) => string): string {
  const found = firstContact.exec(request);
  if (found === null || found.index >= request.indexOf('\r\n\r\n')) return request;
  const [line, name = '', value = ''] = found;
  return request.slice(0, found.index) + name + oneLine(put(value)) + request.slice(found.index + line.length);
}

const firstContact = /(\r\n(?:contact|m)[ \t]*:[ \t]*)([^\r\n]*)/i;
const topmostVia = /\r\n(?:via|v)[ \t]*:[^\r\n]*/i;

/** The status line, its end included. */
export function statusLine(status: number, reason: string | undefined): string {
  return `SIP/2.0 ${status} ${oneLine(reason ?? phrase(status))}\r\n`;
}

export function writeFields(headers: HeaderList): string {
  let text = '';
  for (const [name, value] of headers) text += `${oneLine(name)}: ${oneLine(value)}\r\n`;
  return text;
}

/** What follows the other header fields. */
export function writeBody(body: string): string {
  return `Content-Length: ${body.length}\r\n\r\n${body}`;
}

export function oneLine(text: string): string {
  if (text.includes('\n') || text.includes('\r'))
    throw new Error(`A line break within a line of a SIP message: ${JSON.stringify(text)}`);
  return text;
}
