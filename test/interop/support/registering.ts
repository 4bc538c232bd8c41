// What registering takes: the settings file that names phones and trunks, SIPp as a phone, Kamailio as the
// registrar that Switchhook registers with.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { listensByTls, type ProxyTls, tlsConfiguration } from './kamailio.ts';
import { pathOfPeer } from './peers.ts';
import type { Account } from './phone.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

export const account = { username: 'alice', password: 'wonderland' } as const;

/** The path of a settings file with this text. */
export function settingsFile(scope: Scope, text: string): string {
  const path = join(temporaryFolder(scope), 'switchhook.yaml');
  writeFileSync(path, text);
  return path;
}

const register = (user: string, cseq: number, expires: number, more = ''): string => `
  <send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:${user}@[remote_ip]>;tag=[call_number]
To: <sip:${user}@[remote_ip]>
Call-ID: [call_id]
CSeq: ${cseq} REGISTER
Contact: <sip:${user}@[local_ip]:[local_port]>
Expires: ${expires}
${more}Content-Length: 0

]]></send>`;
const contactLeft = (pattern: string): string =>
  `<recv response="200"><action><ereg regexp="${pattern}" search_in="msg" check_it="true" assign_to="1"/></action></recv>`;

/** Registers with digest, for less than is allowed too, and leaves again; a wrong password is asked again. */
function registration({ username, password }: Account): string {
  const credentials = `[authentication username=${username} password=${password}]\n`;
  const wrong = `[authentication username=${username} password=rabbit]\n`;
  const registers = (cseq: number, expires: number, more = '') => register(username, cseq, expires, more);
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register">
  ${registers(1, 120)}<recv response="401" auth="true"/>
  ${registers(2, 120, wrong)}<recv response="401" auth="true"/>
  ${registers(3, 120, credentials)}${contactLeft(`Contact: .sip:${username}@[^\\r]*;expires=1[12]`)}
  ${registers(4, 10)}<recv response="401" auth="true"/>
  ${registers(5, 10, credentials)}<recv response="423"/>
  ${registers(6, 0)}<recv response="401" auth="true"/>
  ${registers(7, 0, credentials)}<recv response="200"/>
  <Reference variables="1"/>
</scenario>
`;
}

/** SIPp, which answers the first challenge of a 401 only, and only by MD5. */
export async function sippRegisters(scope: Scope, port: number, transport: TransportName, who: Account): Promise<void> {
  const folder = temporaryFolder(scope);
  writeFileSync(join(folder, 'register.xml'), registration(who));
  const args = [
    ...[`127.0.0.1:${port}`, '-sf', 'register.xml', '-t', transport === 'udp' ? 'u1' : 't1', '-m', '1'],
    ...['-i', '127.0.0.1', '-p', `${await freePort()}`, '-cp', `${await freePort()}`, '-nostdin'],
    ...['-timeout', '20', '-timeout_error', '-trace_err', '-error_file', 'errors.log'],
  ];
  const program = new Program('SIPp (register)', pathOfPeer('sipp'), args, { cwd: folder, env: { TERM: 'dumb' } });
  scope.after(() => program.kill());
  const { code } = await program.ends(25_000);
  if (code !== 0) throw new Error(`SIPp ended with ${code}. ${program.tail()}\n${errorsIn(folder)}`);
}

function errorsIn(folder: string): string {
  const path = join(folder, 'errors.log');
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}

/** Kamailio as a registrar that asks for the password; it says what it has bound. */
export async function openRegistrar(
  scope: Scope,
  tls?: ProxyTls,
): Promise<{ readonly port: number; readonly program: Program }> {
  const folder = temporaryFolder(scope);
  const port = await freePort();
  writeFileSync(join(folder, 'kamailio.cfg'), registrar(port, tls !== undefined));
  if (tls) writeFileSync(join(folder, 'tls.cfg'), tlsConfiguration(tls));
  const args = ['-f', 'kamailio.cfg', '-DD', '-E', '-w', folder, '-Y', folder, '-m', '16', '-M', '4'];
  const program = new Program('Kamailio', pathOfPeer('kamailio'), args, { cwd: folder });
  // Asked to end, 5.6.3 now and then waits for a lock of its own for ever.
  scope.after(() => program.kill());
  await program.line(/the registrar is ready/);
  return { port, program };
}

function registrar(port: number, isSecure: boolean): string {
  return `
children=1
tcp_children=1
auto_aliases=no
alias="127.0.0.1:${port}"
${isSecure ? listensByTls(port) : `listen=udp:127.0.0.1:${port}\nlisten=tcp:127.0.0.1:${port}`}
tcp_accept_no_cl=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "xlog.so"
modparam("registrar", "min_expires", 90)
event_route[core:worker-one-init] { xlog("L_WARN", "the registrar is ready\\n"); }
request_route {
  if (!is_method("REGISTER")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  if (!pv_www_authenticate("pbx", "${account.password}", "0")) { www_challenge("pbx", "1"); exit; }
  append_to_reply("Service-Route: <sip:127.0.0.1:${port}${isSecure ? ';transport=tls' : ''};lr>\\r\\n");
  save("location");
  if (reg_fetch_contacts("location", "$tu", "bound")) { xlog("L_WARN", "bound $(ulc(bound=>addr)) by $ci $cs over $proto\\n"); }
  else { xlog("L_WARN", "unbound by $ci $cs\\n"); }
}
`;
}
