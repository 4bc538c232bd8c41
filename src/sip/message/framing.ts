// A byte stream cut into messages by Content-Length (RFC 3261 §18.3), with the CRLF keep-alives between them (RFC 5626
// §3.5.1, §4.4.1). Each byte is looked at a fixed number of times, however the stream is split; what is kept is bounded.
// Leaves out what a message says: parse.ts.
import { readNumber, tokenChars, unfold } from './grammar.ts';
import { type FailureStatus, failureIn, limits, type ParseFailure } from './parse.ts';

export type Frame =
  | { readonly type: 'message'; readonly bytes: Buffer }
  /** A double CRLF: to be answered with a single one. Several that arrive together are one. */
  | { readonly type: 'ping' }
  /** A single CRLF: the answer to a ping of ours, or a line end that somebody sends after each message. */
  | { readonly type: 'pong' }
  /** The stream cannot be trusted any further: nothing more will be read from it. */
  | { readonly type: 'failure'; readonly failure: ParseFailure };

const CR = 0x0d;
const LF = 0x0a;
/** What comes before the body may take the rest of what a message may measure. */
const headLimit = limits.size - limits.body;
const nothing: Buffer = Buffer.alloc(0);

export class StreamFramer {
  /** What has come and was not yet cut off: #held from #begin to #end. */
  #held = nothing;
  #begin = 0;
  #end = 0;
  /** Up to here no end of a header section was found. */
  #searched = 0;
  /** The size of the message that begins at #begin, once its header section is there; else 0. */
  #size = 0;
  /** Whether a single CRLF was the last thing read. */
  #afterCrlf = false;
  /** Whether messages were cut from #held: then it is theirs, and is not written to again. */
  #isLent = false;
  #failed = false;

  /** The frames that `bytes` complete, in order. `bytes` belongs to the framer from here on. */
  push(bytes: Buffer): readonly Frame[] {
    const frames: Frame[] = [];
    if (this.#failed) return frames;
    this.#append(bytes);
    while (this.#begin < this.#end && this.#next(frames));
    if (this.#begin === this.#end) this.#held = nothing;
    return frames;
  }

  /** Whether the beginning of a message is here, and the rest is not. */
  get isPartial(): boolean {
    return this.#begin < this.#end;
  }

  /** Cuts one frame off; false when more bytes are needed. */
  #next(frames: Frame[]): boolean {
    if (this.#size === 0) {
      const first = this.#held[this.#begin]!;
      if (first === CR || first === LF) return this.#keepAlive(frames);
      this.#afterCrlf = false;
      if (tokenChars[first] !== 1) return this.#fail(frames, 'What comes over the stream is not SIP.');
      if (!this.#measure(frames)) return false;
    }
    if (this.#end - this.#begin < this.#size) return false;
    frames.push({ type: 'message', bytes: this.#held.subarray(this.#begin, this.#begin + this.#size) });
    this.#isLent = true;
    this.#begin += this.#size;
    this.#searched = this.#begin;
    this.#size = 0;
    return true;
  }

  /** Reads the line ends between two messages. */
  #keepAlive(frames: Frame[]): boolean {
    let crlfs = this.#afterCrlf ? 1 : 0;
    const before = crlfs;
    while (this.#held[this.#begin] === CR && this.#begin + 1 < this.#end && this.#held[this.#begin + 1] === LF) {
      this.#begin += 2;
      crlfs++;
    }
    this.#searched = this.#begin;
    if (crlfs >= 2) frames.push({ type: 'ping' });
    if (crlfs % 2 === 1 && crlfs > before) frames.push({ type: 'pong' });
    this.#afterCrlf = crlfs % 2 === 1;
    if (this.#begin === this.#end) return false;
    const rest = this.#held[this.#begin]!;
    if (rest !== CR && rest !== LF) return true;
    return rest === CR && this.#begin + 1 === this.#end
      ? false
      : this.#fail(frames, 'A line end between messages is not CRLF.');
  }

  /** Finds the end of the header section, and from it the size of the message; false when it is not there or at fault. */
  #measure(frames: Frame[]): boolean {
    const found = this.#held.subarray(0, this.#end).indexOf('\r\n\r\n', this.#searched, 'latin1');
    if (found < 0) {
      if (this.#end - this.#begin > headLimit) return this.#fail(frames, 'The header section is too long.', 513);
      this.#searched = Math.max(this.#begin, this.#end - 3);
      return false;
    }
    const headSize = found + 4 - this.#begin;
    if (headSize > headLimit) return this.#fail(frames, 'The header section is too long.', 513);
    const length = contentLength(this.#held.toString('latin1', this.#begin, found + 2));
    if (length === null) return this.#fail(frames, 'On a stream a message needs one Content-Length, a number.');
    if (length > limits.body) return this.#fail(frames, `The body is longer than ${limits.body} bytes.`, 413);
    this.#size = headSize + length;
    return true;
  }

  #fail(frames: Frame[], sentence: string, status: FailureStatus = 400): false {
    const text = this.#held.toString('latin1', this.#begin, Math.min(this.#end, this.#begin + headLimit));
    frames.push({ type: 'failure', failure: failureIn(text, sentence, status) });
    this.#failed = true;
    this.#held = nothing;
    this.#begin = this.#end = 0;
    return false;
  }

  /** With nothing held the bytes are taken as they are, else they are copied behind what is held. */
  #append(bytes: Buffer): void {
    if (this.#begin === this.#end) {
      this.#held = bytes;
      this.#begin = 0;
      this.#end = bytes.length;
      this.#searched = 0;
      this.#isLent = false;
      return;
    }
    if (this.#isLent || this.#held.length - this.#end < bytes.length)
      this.#move(this.#end - this.#begin + bytes.length);
    bytes.copy(this.#held, this.#end);
    this.#end += bytes.length;
  }

  /** Moves what is held into a buffer of its own, with room for as much again. */
  #move(size: number): void {
    const held = Buffer.allocUnsafeSlow(2 * size);
    this.#held.copy(held, 0, this.#begin, this.#end);
    this.#held = held;
    this.#isLent = false;
    this.#searched = Math.max(this.#searched - this.#begin, 0);
    this.#end -= this.#begin;
    this.#begin = 0;
  }
}

// Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT
const lengthField = /\r\n(?:content-length|l)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)/gi;

/** The one Content-Length of a header section, or null. */
function contentLength(head: string): number | null {
  const [only, second] = [...head.matchAll(lengthField)];
  return only && !second ? readNumber(unfold(only[1]!), Number.MAX_SAFE_INTEGER) : null;
}
