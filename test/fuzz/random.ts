// Chance for the fuzz: a seeded generator, texts that come close to meaning something, and messages with a few pieces cut
// out, doubled or put in. The same seed gives the same text on every machine.

/** Pieces of the grammar, to be put together in any order. */
export const pieces: readonly string[] = [
  ...[
    '<',
    '>',
    '"',
    '\\',
    ';',
    ',',
    ':',
    '=',
    '?',
    '@',
    '%',
    '%4',
    '%41',
    '/',
    ' ',
    '\t',
    '&',
    '*',
    '.',
    '-',
    '0',
    '1',
  ],
  ...['\r\n', '\r', '\n', '\r\n ', '\0', '\xff', '\xa0', '[', ']', '[::1]', '65536', '4294967296', '-1'],
  ...['sip:', 'sips:', 'tel:', 'a', 'alice', 'b.example', '192.0.2.1', 'SIP/2.0', 'SIP/2.0/UDP ', ' 200 OK', 'INVITE'],
  ...['tag=', ';tag=1', ';rport', ';rport=', ';received=', ';branch=z9hG4bK1', ';lr', ';id=7', ';expires=60'],
  ...['refer', 'active', 'terminated', 'message/sipfrag', 'Content-Length: ', 'Via: ', 'l:', 'v: '],
  ...['Digest ', 'realm="r"', 'nonce="n"', 'qop="auth"', 'algorithm=SHA-256', 'Basic '],
  ...['v=0\r\n', 'o=- 1 1 IN IP4 a\r\n', 'c=IN IP4 192.0.2.1\r\n', 'm=audio 4000 RTP/AVP 0\r\n', 'a=sendonly\r\n'],
  ...['a=rtpmap:', '0 PCMU/8000\r\n', '101 telephone-event/8000\r\n', 't=0 0\r\n', 'm='],
];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `below`. */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(among: readonly T[]): T {
    return among[this.int(among.length)]!;
  }

  /** Any bytes. */
  latin1(most: number): string {
    let text = '';
    for (let left = this.int(most + 1); left > 0; left--) text += String.fromCharCode(this.int(256));
    return text;
  }

  /** Nearly something. */
  nearly(most = 14): string {
    let text = '';
    for (let left = this.int(most + 1); left > 0; left--)
      text += this.chance(0.85) ? this.pick(pieces) : this.latin1(8);
    return text;
  }

  /** The text with up to `most` edits. */
  mutated(original: string, most = 4): string {
    let text = original;
    for (let left = this.int(most + 1); left > 0; left--) text = this.#edited(text);
    return text;
  }

  #edited(text: string): string {
    const at = this.int(text.length + 1);
    const end = Math.min(text.length, at + this.int(12));
    const put = this.#insert(text);
    return text.slice(0, at) + put + text.slice(this.chance(0.5) ? at : end);
  }

  #insert(text: string): string {
    const kind = this.int(10);
    if (kind < 4) return this.pick(pieces);
    if (kind < 6) return this.latin1(4);
    if (kind < 7) return '';
    // A piece of itself, sometimes many times over: what nests, repeats and gets long.
    const from = this.int(text.length);
    const piece = text.slice(from, from + 1 + this.int(60));
    return kind < 9 ? piece : piece.repeat(1 + this.int(200));
  }
}

/** The seed of one execution out of a run's. */
export function seedOf(run: number, execution: number): number {
  return Math.imul(run ^ Math.imul(execution + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
}
