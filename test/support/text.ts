// SIP text as a test reads it: split at line ends and colons and nothing more. Shares no code with src/sip/message,
// so that a mistake there is not made twice and thereby hidden.

export interface Heard {
  readonly text: string;
  /** Null for a response. */
  readonly method: string | null;
  readonly uri: string;
  /** Null for a request. */
  readonly status: number | null;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Reads a message that we sent. Throws on anything that is not exactly as RFC 3261 §7 has it. */
export function readText(text: string): Heard {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no empty line after the headers in:\n${text}`);
  const lines = text.slice(0, end).split('\r\n');
  const startLine = lines[0] ?? '';
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(startLine);
  const response = /^SIP\/2\.0 ([1-6]\d\d) (.*)$/.exec(startLine);
  if (!request && !response) throw new Error(`not a start line: ${startLine}`);
  const headers = lines.slice(1).map((line) => {
    const header = /^([A-Za-z0-9.!%*_+`'~-]+): ?(.*)$/.exec(line);
    if (!header || /[\x00-\x08\x0a-\x1f\x7f]/.test(line)) throw new Error(`not a header line: ${JSON.stringify(line)}`);
    return [header[1] ?? '', (header[2] ?? '').trim()] as const;
  });
  return {
    text,
    method: request?.[1] ?? null,
    uri: request?.[2] ?? '',
    status: response ? Number(response[1]) : null,
    reason: response?.[2] ?? '',
    headers,
    body: text.slice(end + 4),
  };
}

/** The values of every header line of that name, in order. */
export function all(heard: Heard, name: string): string[] {
  return heard.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** The first one; null if there is none. */
export function one(heard: Heard, name: string): string | null {
  return all(heard, name)[0] ?? null;
}

/** A header whose values may share a line, split where no quotes and no brackets are open. */
export function split(heard: Heard, name: string): string[] {
  return all(heard, name).flatMap(
    (value) => value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,])+/g)?.map((part) => part.trim()) ?? [],
  );
}

export function tagOf(value: string | null): string | null {
  return /;\s*tag=([^;\s]+)/.exec((value ?? '').replace(/<[^>]*>/, ''))?.[1] ?? null;
}

/** What stands between < and >, or before the first parameter. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? (value.split(';')[0] ?? '').trim();
}

export function cseqOf(heard: Heard): { number: number; method: string } {
  const cseq = /^(\d+) ([A-Z]+)$/.exec(one(heard, 'CSeq') ?? '');
  if (!cseq) throw new Error(`no CSeq in:\n${heard.text}`);
  return { number: Number(cseq[1]), method: cseq[2] ?? '' };
}

/** In a line: what a failed step says came instead. */
export function brief(heard: Heard): string {
  return heard.method ?? `${heard.status} ${heard.reason} (${one(heard, 'CSeq')})`;
}

/** Headers as pairs and a body as a message, with a Content-Length unless one is given. */
export function writeText(startLine: string, headers: readonly (readonly [string, string])[], body: string): string {
  const length = headers.some(([name]) => name === 'Content-Length')
    ? []
    : [['Content-Length', String(body.length)] as const];
  return [startLine, ...[...headers, ...length].map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
}
