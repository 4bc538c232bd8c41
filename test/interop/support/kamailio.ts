// Kamailio as the proxy between callers and Switchhook. It stays on the path by two Record-Routes, which is what its own
// ports `outer` and `inner` are for. A REFER inside a dialog and a call of Switchhook pass only with the credentials of
// `alice`. A request from Switchhook that reaches `outer` without having gone through `inner` was routed in the wrong order:
// it gets 405.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from '../../../src/sip/transport/certificates.ts';
import { pathOfPeer } from './peers.ts';
import { freePort, freePorts } from './ports.ts';
import { Program } from './program.ts';
import { type Scope, temporaryFolder } from './scope.ts';

export const secret = { sip_auth_username: 'alice', sip_auth_password: 'wonderland' } as const;

/** Over TLS it shows this certificate, and takes only one that this authority has signed. */
export interface ProxyTls extends CertificateFiles {
  readonly ca: string;
}

/** Where it passes calls on to. */
export interface Next {
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly tls?: ProxyTls;
  /** The port of who answers calls of Switchhook, by the transport of callers. */
  readonly callee?: number;
}

export class Kamailio {
  /** Where callers send their INVITEs, over UDP and TCP. */
  readonly outer: number;
  /** Where Switchhook sends its own, over the transport they have between them. */
  readonly inner: number;

  private constructor(outer: number, inner: number) {
    this.outer = outer;
    this.inner = inner;
  }

  static async open(scope: Scope, next: Next): Promise<Kamailio> {
    const folder = temporaryFolder(scope);
    const ports = { outer: await freePort(), inner: await freePorts(2) };
    writeFileSync(join(folder, 'kamailio.cfg'), configuration(ports, next));
    if (next.tls) writeFileSync(join(folder, 'tls.cfg'), tlsConfiguration(next.tls));
    const args = ['-f', 'kamailio.cfg', '-DD', '-E', '-w', folder, '-Y', folder, '-m', '16', '-M', '4'];
    const program = new Program('Kamailio', pathOfPeer('kamailio'), args, { cwd: folder });
    // Asked to end it also ends its children, but now and then 5.6.3 waits for a lock of its own for ever: then it is killed.
    scope.after(() => program.stop());
    await program.line(/the proxy is ready/);
    return new Kamailio(ports.outer, next.tls ? ports.inner + 1 : ports.inner);
  }
}

export const tlsConfiguration = ({ certificate, key, ca }: ProxyTls): string =>
  ['server', 'client']
    .map(
      (side) =>
        `[${side}:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n` +
        `private_key = ${key}\ncertificate = ${certificate}\nca_list = ${ca}\n`,
    )
    .join('\n');

export const listensByTls = (port: number): string => `
enable_tls=yes
listen=tls:127.0.0.1:${port}
alias="127.0.0.1:${port}"
loadmodule "tls.so"
modparam("tls", "config", "tls.cfg")`;

function configuration(
  { outer, inner }: Record<'outer' | 'inner', number>,
  { port, transport, tls, callee }: Next,
): string {
  const between = tls ? 'tcp' : transport;
  return `
children=1
tcp_children=2
auto_aliases=no
alias="127.0.0.1:${outer}"
alias="127.0.0.1:${inner}"
listen=udp:127.0.0.1:${outer}
listen=tcp:127.0.0.1:${outer}
listen=udp:127.0.0.1:${inner}
listen=tcp:127.0.0.1:${inner}
${tls ? listensByTls(inner + 1) : ''}
tcp_accept_no_cl=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "xlog.so"
modparam("rr", "enable_full_lr", 1)
event_route[core:worker-one-init] { xlog("L_WARN", "the proxy is ready\\n"); }
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    $var(port) = $(route_uri{uri.port});
    if (!loose_route()) { sl_send_reply("404", "Not Here"); exit; }
    if (is_direction("upstream") && $(hdr(Via)[1]) == $null) {
      if ($var(port) != "${tls ? inner + 1 : inner}") { sl_send_reply("405", "Routes Reversed"); exit; }
      if (is_method("REFER")) {
        if (!pv_proxy_authenticate("proxy", "${secret.sip_auth_password}", "0")) { proxy_challenge("proxy", "1"); exit; }
        consume_credentials();
      }
    }
    t_relay(); exit;
  }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  if ($Rp != ${outer} && $(hdr(Via)[1]) == $null) {
    if (!pv_proxy_authenticate("proxy", "${secret.sip_auth_password}", "0")) { proxy_challenge("proxy", "1"); exit; }
    consume_credentials();
    record_route();
    $du = "sip:127.0.0.1:${outer};transport=${between}";
    t_relay();
    exit;
  }
  record_route();
  if ($Rp == ${outer} && $(hdr(Via)[1]) != $null) { $ru = "sip:callee@127.0.0.1:${callee ?? outer};transport=${between}"; }
  else if ($Rp == ${outer}) { $du = "sip:127.0.0.1:${inner};transport=" + $proto; }
  else { $du = "sip:127.0.0.1:${port};transport=${transport}"; }
  t_relay();
}
`;
}
