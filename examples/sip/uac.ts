// A UAC on one screen: it calls one address, refers who answers to another, and leaves when that is done. To try it:
//
//   npx node examples/sip/uac.ts sip:alice@192.0.2.1 sip:bob@192.0.2.2
import { openSystem, readSipfrag, readSubscriptionState, sdp, UdpTransport, UserAgent } from 'switchhook/sip';

const silent = sdp.offer({ sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' });

/** Resolves with what became of the refer: the status of its last NOTIFY, or of what refused the call or the refer. */
export async function callAndRefer(uri: string, referTo: string, say = console.log): Promise<number> {
  const system = openSystem();
  const transports = [new UdpTransport({ system, host: '127.0.0.1', port: 0 })];
  const agent = new UserAgent({ system, transports, name: 'uac', allow: ['NOTIFY'] });
  await agent.listen();
  try {
    const reported = Promise.withResolvers<number>();
    const { status, call } = await agent.invite(uri, {
      sdp: silent,
      progress: (response) => say('rings', response.status),
      user({ request, respond }) {
        respond(200);
        const state = readSubscriptionState(request.get('Subscription-State') ?? '')?.state;
        if (state === 'terminated') reported.resolve(readSipfrag(request.body) ?? 487);
      },
    });
    if (call === null) return status;
    say('answered; refers to', referTo);
    const refer = await call.request('REFER', { headers: [['Refer-To', `<${referTo}>`]] });
    if (refer.status >= 300) return refer.status;
    const outcome = await Promise.race([reported.promise, call.ended.then(() => 487)]);
    say('the refer ended with', outcome);
    await call.bye();
    return outcome;
  } finally {
    await agent.close();
  }
}

if (import.meta.main) {
  const [uri = 'sip:alice@127.0.0.1', referTo = 'sip:uas@127.0.0.1:5070'] = process.argv.slice(2);
  await callAndRefer(uri, referTo);
}
