// A message as it may be shown to people: without credentials (RFC 3261 §22), passwords in URIs (§19.1.1), keys in session
// descriptions (k=, a=crypto, a=key-mgmt, a=ice-pwd) and digits of DTMF. Reads any text, also what is no message, one pass
// for each rule. That another header is secret is a guess by its name.

const hidden = '[redacted]';

/** The whole message, line by line. Its body may have another length than Content-Length says. */
export function redacted(message: string): string {
  const [, head = message, end = '', body = ''] = /^([\s\S]*?)(\r?\n\r?\n)([\s\S]*)$/.exec(message) ?? [];
  const shown = withoutSecretFields(body);
  return redactedLine(withoutSecretFields(head)) + end + withoutKeys(dtmf.test(head) ? withoutDigits(shown) : shown);
}

/** A line of a message, or what was cut out of one: without what its URIs and parameters must not say. */
export function redactedLine(text: string): string {
  return text.replace(/[^\s<>"]+/g, withoutPassword).replace(parameter, (whole, separator, name) => {
    return isSecret(unescaped(name)) ? `${separator}${name}=${hidden}` : whole;
  });
}

// message-header = field-name HCOLON field-value
const field = /^([\w\-.!%*+`'~]+)([ \t]*:[ \t]*)([\s\S]*?)((?:\r\n|\r|\n)?)$/;

/** Lines with their ends; one that begins no field and is not empty belongs to the field before it. */
function fieldsOf(text: string): string[] {
  const fields: string[][] = [];
  let isOpen = false;
  for (const line of text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
    const begins = field.test(line);
    if (isOpen && !begins && line.trim() !== '') fields.at(-1)!.push(line);
    else {
      fields.push([line]);
      isOpen = begins;
    }
  }
  return fields.map((lines) => lines.join(''));
}

function withoutSecretFields(text: string): string {
  return fieldsOf(text).map(shownField).join('');
}

function shownField(whole: string): string {
  const [, name = '', colon = '', value = '', end = ''] = field.exec(whole) ?? [];
  if (ofAuthentication.test(name)) return name + colon + withoutCredentials(value) + end;
  return isSecret(name) ? name + colon + hidden + end : whole;
}

const ofAuthentication = /^(?:(?:proxy-)?authorization|(?:www|proxy)-authenticate|(?:proxy-)?authentication-info)$/i;

/** What says who is asked for what, and proves nothing. */
const open = ['username', 'realm', 'uri', 'algorithm', 'qop', 'nc', 'stale', 'domain', 'charset', 'userhash'];

/** Of Digest the parameters that are open; of any other scheme its name. */
function withoutCredentials(value: string): string {
  const [, scheme = '', rest = value] = /^\s*([^\s=,"]+)\s+([\s\S]*)$/.exec(value) ?? [];
  if (scheme !== '' && scheme.toLowerCase() !== 'digest') return `${scheme} ${hidden}`;
  const parameters = [...rest.matchAll(/([\w-]+)\s*=\s*("(?:[^"\\]|\\[\s\S])*"|[^\s",]*)/g)];
  const shown = parameters.map(([, name = '', said]) => `${name}=${open.includes(name.toLowerCase()) ? said : hidden}`);
  return `${scheme} ${shown.length > 0 ? shown.join(', ') : hidden}`.trimStart();
}

// userinfo = ( user / telephone-subscriber ) [ ":" password ] "@", of a URI of any scheme that has one
function withoutPassword(run: string): string {
  const end = run.lastIndexOf('@') + 1;
  if (end === 0) return run;
  return run.slice(0, end).replace(/((?:sips?:|:\/\/)[^:@]*):[^@]*@/gi, `$1:${hidden}@`) + run.slice(end);
}

/** A parameter of a URI or a header, or a header in a URI. */
const parameter = /([;?&])([^\s=;?&<>",]+)=(?:"[^"]*"|[^\s;?&<>",]*)/g;

// prid, of pn-prid: whoever has it can push to the phone.
const telling =
  /^(?:auth|authorization|authenticate|token|secret|password|passwd|pwd|key|apikey|cookie|credentials?|prid)$/i;

function isSecret(name: string): boolean {
  return name.split(/[-_.]/).some((word) => telling.test(word));
}

function unescaped(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}

// a=crypto:<tag> <crypto-suite> <key-params>; k=<method>:<encryption key>
function withoutKeys(body: string): string {
  return body
    .replace(/^(a=crypto:(?:\d+ \w+ )?)[^\r\n]*/gim, `$1${hidden}`)
    .replace(/^(a=(?:ice-pwd|key-mgmt):|k=)[^\r\n]*/gim, `$1${hidden}`);
}

const dtmf = /^(?:content-type|c)[ \t]*:[ \t]*application\/dtmf/im;

/** Digits of an INFO: a PIN, or the number of a card. */
function withoutDigits(body: string): string {
  const signal = /^([ \t]*signal[ \t]*=[ \t]*)[^\r\n]*/gim;
  return signal.test(body) ? body.replace(signal, `$1${hidden}`) : hidden;
}
