// What is kept of a command that was accepted, to be read later: its name and what was asked, without secrets and in bounds.
import type { CommandRow } from '../store/store.ts';

export type Asked = Pick<CommandRow, 'name' | 'body'>;

/** As JSON: of what is longer only that it was there is kept. */
const longestValue = 4096;
/** Digits may be a PIN. */
const secret = /(?:^|_)(?:password|token|secret|digits)$/;
/** A password in a SIP URI (RFC 3261 §19.1.1), which nobody should write and some do. */
const uriPassword = /(sips?:[^\s:@;>]+):[^\s@;>]*@/gi;

/** `body` has the fields as the API names them. */
export function askedOf(name: string, body: object): Asked {
  const said = Object.entries(body).filter(([field]) => field !== 'command_id');
  return { name, body: JSON.stringify(Object.fromEntries(said.map(([field, value]) => [field, shown(field, value)]))) };
}

export function withoutPasswords(text: string): string {
  return text.replaceAll(uriPassword, '$1:***@');
}

function shown(field: string, value: unknown): unknown {
  if (secret.test(field)) return '***';
  const json = withoutPasswords(JSON.stringify(value, (name, each) => (secret.test(name) ? '***' : each)));
  return json.length > longestValue ? '…' : JSON.parse(json);
}
