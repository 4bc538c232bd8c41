// A UAC on one screen: it calls one address, refers who answers to another, and leaves when that is done. To try it:
//
//   npx node examples/sip/uac.ts sip:alice@192.0.2.1 sip:bob@192.0.2.2
import {
  beginInvite,
  contactFor,
  type Dialog,
  Endpoint,
  headers as fields,
  type InviteInput,
  type InviteStep,
  initialInvite,
  openSystem,
  patienceMs,
  readSipfrag,
  reply,
  requestWithin,
  resolveHost,
  type System,
  sdp,
  standardTiming,
  stepInvite,
  UdpTransport,
} from '../../src/sip/index.ts';

/** Resolves with what became of the refer: the status of its last NOTIFY, or of what refused the call or the refer. */
export async function callAndRefer(system: System, uri: string, referTo: string, say = console.log): Promise<number> {
  const { clock, ids } = system;
  const done = Promise.withResolvers<number>();
  const udp = new UdpTransport({ system, host: '127.0.0.1', port: 0 });
  const endpoint = new Endpoint({
    system,
    transports: [udp],
    resolve: resolveHost,
    publicHost: null,
    allow: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'NOTIFY'],
    supported: [],
    user: {
      request(request, origin) {
        endpoint.respond(origin, 200, reply(request, 200));
        const state = fields.readSubscriptionState(request.get('Subscription-State') ?? '')?.state;
        if (request.method === 'BYE' || state === 'terminated') finish(readSipfrag(request.body) ?? 487);
      },
      ack() {},
      response(branch, response) {
        if (branch === invite.branch) take({ type: 'response', response });
        else if (response.cseq.method === 'REFER' && response.status >= 300) finish(response.status);
        else if (response.cseq.method === 'BYE') done.resolve(outcome);
      },
      timeout: (branch) => (branch === invite.branch ? take({ type: 'timeout' }) : done.resolve(408)),
      failed: (branch) => (branch === invite.branch ? take({ type: 'transport-failed' }) : done.resolve(503)),
    },
  });
  await endpoint.listen();
  const own = contactFor(udp.local, 'uac');
  const fixed = {
    addresses: { udp: udp.local, tcp: null },
    contactUser: 'uac',
    capabilities: [],
    patienceMs: patienceMs(standardTiming),
    followsRedirects: false,
  };
  const invite = initialInvite(
    {
      uri,
      to: `<${uri}>`,
      from: `<sip:uac@127.0.0.1:${udp.local.port}>`,
      fromTag: ids.seed(),
      callId: ids.seed(),
      cseq: 1,
      branch: `z9hG4bK${ids.seed()}`,
      routes: [],
      contactUser: 'uac',
      headers: [],
      sdp: sdp.offer({ sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' }),
    },
    fixed.addresses,
  );
  let dialog: Dialog | null = null;
  let outcome = 0;
  let { usage, effects } = beginInvite(invite);

  function take(input: InviteInput): void {
    ({ usage, effects } = stepInvite(fixed, usage, input, clock.date()));
    perform(effects);
  }
  function perform(effects: InviteStep['effects']): void {
    for (const effect of effects) {
      if (effect.type === 'invite') endpoint.send({ ...effect.invite, method: 'INVITE' });
      else if (effect.type === 'ack') endpoint.sendAck(effect.request.text, effect.request.target);
      else if (effect.type === 'send')
        endpoint.send({ ...effect.request, branch: effect.branch, method: effect.method });
      else if (effect.type === 'remedy') done.resolve(effect.response.status);
      else if (effect.type === 'tell' && effect.what.type === 'progress') say('rings', effect.what.response.status);
      else if (effect.type === 'tell' && effect.what.type === 'ended')
        done.resolve(effect.what.response?.status ?? 408);
      else if (effect.type === 'tell' && effect.what.type === 'confirmed') {
        say('answered; refers to', referTo);
        dialog = effect.what.dialog;
        within('REFER', [['Refer-To', `<${referTo}>`]]);
      }
    }
  }
  function within(method: string, headers: readonly (readonly [string, string])[]): void {
    const cseq = dialog!.localCseq + 1;
    dialog = { ...dialog!, localCseq: cseq };
    const branch = `z9hG4bK${ids.seed()}`;
    const all = [['Contact', own], ...headers] as const;
    endpoint.send({
      branch,
      method,
      ...requestWithin(dialog, fixed.addresses, { method, cseq, branch, headers: () => all }),
    });
  }
  function finish(status: number): void {
    if (outcome !== 0) return;
    outcome = status;
    say('the refer ended with', status);
    within('BYE', []);
  }
  perform(effects);
  // Other forks may answer until `inviteDeadlineOf(usage, 'settle')`: a program that lives on keeps the usage until then.
  const status = await done.promise;
  await endpoint.close();
  return status;
}

if (import.meta.main) {
  const [uri = 'sip:alice@127.0.0.1', referTo = 'sip:uas@127.0.0.1:5070'] = process.argv.slice(2);
  await callAndRefer(openSystem(), uri, referTo);
}
