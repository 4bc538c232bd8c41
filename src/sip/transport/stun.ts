// Enough of STUN (RFC 5389) to answer the binding requests by which a client behind a NAT keeps its way to us open and sees
// whether it has moved (RFC 5626 §4.4.2, §8). Pure. Leaves out credentials, which those requests do not carry.

const headerSize = 20;
const cookie = 0x2112_a442;
const bindingRequest = 0x0001;
const bindingResponse = 0x0101;
const bindingError = 0x0111;
const errorCode = 0x0009;
const unknownAttributes = 0x000a;
const xorMappedAddress = 0x0020;
/** What is below must be understood by whoever takes it (§15); these of it we may pass over: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE. */
const firstOptional = 0x8000;
const passedOver: ReadonlySet<number> = new Set([0x0006, 0x0008, 0x0014, 0x0015]);
const mostUnknown = 8;

/** Whether a datagram is STUN: it begins with two zero bits, which no SIP message does, and has the cookie (§6, RFC 5626 §8). */
export function isStun(bytes: Buffer): boolean {
  return bytes.length >= headerSize && bytes[0]! < 0x40 && bytes.readUInt32BE(4) === cookie;
}

/** The answer to a binding request that came from this address; null to what is none, or is broken. */
export function answerStun(bytes: Buffer, host: string, port: number): Buffer | null {
  const length = bytes.readUInt16BE(2);
  if (bytes.readUInt16BE(0) !== bindingRequest || length !== bytes.length - headerSize || length % 4 !== 0) return null;
  const unknown = unknownIn(bytes);
  if (unknown === null) return null;
  if (unknown.length > 0) return message(bindingError, bytes, refusal(unknown));
  return message(bindingResponse, bytes, mapped(bytes, host, port));
}

/** The attributes that we would have to understand; null when they cannot be read. */
function unknownIn(bytes: Buffer): readonly number[] | null {
  const unknown: number[] = [];
  let at = headerSize;
  while (at + 4 <= bytes.length) {
    const type = bytes.readUInt16BE(at);
    const size = bytes.readUInt16BE(at + 2);
    if (type < firstOptional && !passedOver.has(type)) unknown.push(type);
    at += 4 + 4 * Math.ceil(size / 4);
  }
  return at === bytes.length ? unknown.slice(0, mostUnknown) : null;
}

function message(type: number, request: Buffer, attributes: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, headerSize));
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(attributes.length, 2);
  return Buffer.concat([header, attributes]);
}

/** §15.2: address and port, under the cookie and the transaction id so that no NAT on the way mends them. */
function mapped(request: Buffer, host: string, port: number): Buffer {
  const address = addressBytes(host);
  const value = Buffer.alloc(4 + address.length);
  value.writeUInt8(address.length === 4 ? 1 : 2, 1);
  value.writeUInt16BE(port ^ (cookie >>> 16), 2);
  for (const [at, byte] of address.entries()) value[4 + at] = byte ^ request[4 + at]!;
  return attribute(xorMappedAddress, value);
}

function refusal(unknown: readonly number[]): Buffer {
  const types = Buffer.alloc(2 * unknown.length);
  for (const [at, type] of unknown.entries()) types.writeUInt16BE(type, 2 * at);
  const code = Buffer.from('\0\0\x04\x14Unknown Attribute', 'latin1');
  return Buffer.concat([attribute(errorCode, code), attribute(unknownAttributes, types)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + 4 * Math.ceil(value.length / 4));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** The bytes of an address as the kernel writes it. */
function addressBytes(host: string): readonly number[] {
  if (!host.includes(':')) return host.split('.').map(Number);
  const [before = '', after] = host.replace(/%.*$/, '').split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const tail = groups(after ?? '');
  const missing = after === undefined ? 0 : 8 - groups(before).length - tail.length;
  return [...groups(before), ...Array<string>(missing).fill('0'), ...tail].flatMap((group) => {
    const word = Number.parseInt(group, 16);
    return [word >> 8, word & 0xff];
  });
}
