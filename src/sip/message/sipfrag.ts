// The body of a refer's NOTIFY: message/sipfrag (RFC 3420), of which the status line is all that counts (RFC 3515 §2.4.5).
// As tolerant as peers are careless: no line end, LF alone, header fields after it, blank lines before it, lower case.

// Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF
const statusLine = /^[ \t\r\n]*SIP\/2\.0[ \t]+([1-6][0-9][0-9])(?![^ \t\r\n])/i;

/** The status code of the status line a sipfrag opens with, or null. */
export function readSipfrag(body: string): number | null {
  const match = statusLine.exec(body);
  return match ? Number(match[1]) : null;
}
