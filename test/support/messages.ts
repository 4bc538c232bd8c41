// Sample messages as text: an INVITE and a response with everything that is mandatory, to be changed line by line.

/** What to change: a header's new value, several values, or null to leave it out. New names are added at the end. */
export type Changes = Readonly<Record<string, string | readonly string[] | null>>;

const usual: Changes = {
  Via: 'SIP/2.0/UDP pc33.atlanta.example:5060;branch=z9hG4bK776asdhds;rport',
  'Max-Forwards': '70',
  From: '"Alice" <sip:alice@atlanta.example>;tag=1928301774',
  To: 'Bob <sip:bob@biloxi.example>',
  'Call-ID': 'a84b4c76e66710@pc33.atlanta.example',
  CSeq: '314159 INVITE',
};

/** A message of these lines, without Content-Length unless it is among the changes. */
export function rawMessage(startLine: string, changes: Changes = {}, body = ''): string {
  const lines = Object.entries({ ...usual, ...changes }).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
  );
  return `${startLine}\r\n${lines.join('')}\r\n${body}`;
}

export function rawInvite(changes: Changes = {}, body = ''): string {
  return rawMessage('INVITE sip:bob@biloxi.example SIP/2.0', changes, body);
}

export function rawResponse(status: number, changes: Changes = {}, body = ''): string {
  return rawMessage(`SIP/2.0 ${status} Whatever`, changes, body);
}
