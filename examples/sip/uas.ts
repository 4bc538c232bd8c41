// A UAS on one screen: it answers every call without sound, and says who called and who left. To try it:
//
//   npx node examples/sip/uas.ts      and call sip:anything@127.0.0.1:5070 from a softphone
import { openSystem, sdp, UdpTransport, UserAgent } from 'switchhook/sip';

/** What we say of our sound: there is none. */
const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' } as const;

export async function answerCalls(port = 0, say = console.log): Promise<UserAgent> {
  const system = openSystem();
  const agent = new UserAgent({
    system,
    name: 'uas',
    transports: [new UdpTransport({ system, host: '127.0.0.1', port })],
    invited(invite) {
      const caller = invite.request.from.uri;
      const answer = sdp.answer(invite.request.body, silent);
      if (typeof answer === 'string') return invite.refuse(488);
      invite.progress(180);
      const call = invite.accept({ sdp: answer.sdp });
      say('called by', caller);
      void call?.ended.then(() => say('left', caller));
    },
  });
  await agent.listen();
  return agent;
}

if (import.meta.main) console.log('listens at', (await answerCalls(5070)).uri);
