// An INVITE with Replaces (RFC 3891): it takes the place of a call that is up, or is refused in the words of the RFC.
import type { Call } from '../../src/call/state.ts';
import { answers, hangsUp, refers, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Overrides } from '../support/template.ts';
import type { World } from '../support/world.ts';

/** A Replaces that names the transferee's call. Our tag in it is looked up when the step before it is played. */
function replaces({ does }: World, more = ''): Overrides {
  let ourTag = '';
  does('look up our tag', async ({ store }) => {
    const [row] = await store.calls(0);
    ourTag = (JSON.parse(row!.state) as Call).dialog.localTag;
  });
  return {
    Require: 'replaces',
    Replaces: `alice-1@atlanta.example;from-tag=alice-tag;to-tag=OURS${more}`,
    raw: (text) => text.replace('to-tag=OURS', `to-tag=${ourTag}`),
  };
}

scenario('replaced by another caller (answered at once, and the other one gets BYE)', (world) => {
  const { transferee, peer, app } = world;
  answers(world);
  const carol = peer('carol');
  carol.sends('INVITE', replaces(world));
                                         carol.gets(100); carol.gets(200);
                                         transferee.gets('BYE');
                                         app.gets('call.initiated', { replaces_call_control_id: /^v3:/ });
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  transferee.sends(200);
  carol.sends('ACK');                    app.gets('call.answered');
  carol.sends('BYE');                    carol.gets(200);
                                         app.gets('call.hangup', { hangup_source: 'caller' });
});

scenario('replaced-before-its-ack (the BYE waits for the ACK: RFC 3261 §15)', (world) => {
  const { transferee, peer, app } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  const carol = peer('carol');
  carol.sends('INVITE', replaces(world));
                                         carol.gets(100); carol.gets(200);
                                         transferee.getsNothing();
                                         app.gets('call.initiated', { replaces_call_control_id: /^v3:/ });
  transferee.sends('ACK');               transferee.gets('BYE');
                                         app.gets('call.answered', {}, { call: 0 });
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' }, { call: 0 });
  transferee.sends(200);
  carol.sends('ACK');                    app.gets('call.answered', {}, { call: 1 });
  carol.sends('BYE');                    carol.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('replaced while a refer is out (failed before hangup)', (world) => {
  const { transferee, peer, app } = world;
  answers(world);
  refers(world);
  const carol = peer('carol');
  carol.sends('INVITE', replaces(world));
                                         carol.gets(100); carol.gets(200);
                                         transferee.gets('BYE');
                                         app.gets('call.initiated');
                                         app.gets('call.refer.failed', { sip_notify_response: 487 }); app.gets('call.hangup');
  transferee.sends(200);
  carol.sends('ACK');                    app.gets('call.answered');
  carol.sends('BYE');                    carol.gets(200); app.gets('call.hangup');
});

scenario('Replaces of no call (481)', (world) => {
  const carol = world.peer('carol');
  carol.sends('INVITE', { Replaces: 'nobody@atlanta.example;from-tag=a;to-tag=b' });
                                         carol.gets(100); carol.gets(481);
  carol.sends('ACK');
});

scenario('Replaces that cannot be read (400)', (world) => {
  const carol = world.peer('carol');
  carol.sends('INVITE', { Replaces: 'alice-1@atlanta.example' });
                                         carol.gets(100); carol.gets(400);
  carol.sends('ACK');
});

scenario('Replaces of a ringing call (only its caller could be given another: 481)', (world) => {
  const { peer, transferee, app } = world;
  rings(world);
  const carol = peer('carol');
  carol.sends('INVITE', replaces(world));
                                         carol.gets(100); carol.gets(481);
  carol.sends('ACK');
  app.posts('reject', { cause: 'USER_BUSY' });
                                         transferee.gets(486); app.gets('call.hangup');
  transferee.sends('ACK');
});

scenario('Replaces of an early dialog that is answered by now (486)', (world) => {
  const carol = world.peer('carol');
  answers(world);
  carol.sends('INVITE', replaces(world, ';early-only'));
                                         carol.gets(100); carol.gets(486);
  carol.sends('ACK');
  hangsUp(world);
});

scenario('Replaces of a call that is over (603)', (world) => {
  const carol = world.peer('carol');
  answers(world);
  const replacing = replaces(world);
  hangsUp(world);
  carol.sends('INVITE', replacing);      carol.gets(100); carol.gets(603);
  carol.sends('ACK');
});

scenario('Replaces without a codec of ours (488, and the call goes on)', (world) => {
  const carol = world.peer('carol');
  answers(world);
  carol.sends('INVITE', { ...replaces(world), body: 'v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/AVP 9\r\n' });
                                         carol.gets(100); carol.gets(488);
  carol.sends('ACK');
  hangsUp(world);
});
