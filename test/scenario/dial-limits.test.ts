// How many calls a trunk and an application may have, and an application that makes none: what a dial and a failover find
// when others have been faster.
import assert from 'node:assert/strict';
import type { Access } from '../../src/config/access.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { application } from '../support/application.ts';
import { answers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const trunk = {
  ...{ addresses: [], username: null, password: null, realm: null, nat: true, registrars: [], registerAs: '', registerSecs: 600 },
  ...{ prefixes: ['+1'], applications: null, weight: 1, channels: 1 },
};
const first = { ...trunk, name: 'first', addresses: ['192.0.2.10'], uri: 'sip:192.0.2.10', priority: 1, prefixes: ['+1', '+2'] };
const second = { ...trunk, name: 'second', addresses: ['192.0.2.20'], uri: 'sip:192.0.2.20', priority: 2, prefixes: ['+1', '+3'] };
const third = { ...trunk, name: 'third', addresses: ['192.0.2.30'], uri: 'sip:192.0.2.30', priority: 3, prefixes: ['+2'] };

const access = (trunks: Access['trunks']): Access => ({
  ...{ realm: 'pbx.example', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0 },
  ...{ trunks, phones: [] },
});

/** From here on a port is had only when the second one is asked for. */
function portsComeLate({ does }: World): void {
  does('let ports come late', ({ media }) => {
    const come = Promise.withResolvers<void>();
    const { reserve } = media;
    let asked = 0;
    media.reserve = async () => {
      asked += 1;
      if (asked === 2) come.resolve();
      await come.promise;
      return reserve();
    };
  });
}

/** The call is hung up while a port is on its way to another one. */
function hangsUpMeanwhile({ does }: World): void {
  does('hang up while a port is reserved', ({ media, store, server }) => {
    const { reserve } = media;
    media.reserve = async () => {
      const [row] = await store.calls(0);
      const url = `/v2/calls/${row!.id}/actions/hangup`;
      const { statusCode } = await server.http.inject({ method: 'POST', url, headers: { authorization: 'Bearer KEY-of-the-scenarios' } });
      assert.equal(statusCode, 200);
      return reserve();
    };
  });
}

scenario('trunk-filled-while-a-port-was-reserved (two dials at once for its only channel)', { settings: { access: access([first]) } }, (world) => {
  const { transferee, app, together } = world;
  portsComeLate(world);
  together(() => {
    app.dials({ to: '+13125550111' });
    app.dials({ to: '+13125550122' }, { status: 422, code: '90033', pointer: '/to', detail: /as many as it may/ });
  });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('trunk-filled-by-the-same-dial (of two destinations one is too many)', { settings: { access: access([first]) } }, ({ app }) => {
  app.dials({ to: ['+13125550111', '+13125550122'] }, { status: 422, code: '90033', pointer: '/to/1' });
});

scenario('failover-onto-a-full-trunk (passed over: the next one has room)', { settings: { access: access([first, second, { ...third, prefixes: ['+1'] }]) } }, ({ transferee, peer, app }) => {
  const [bob, carol] = [peer('bob'), peer('carol')];
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE'); app.gets('call.initiated');
  app.dials({ to: '+3125550122' });      bob.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(503);                 transferee.gets('ACK'); carol.gets('INVITE', { uri: /^sip:\+13125550111@192\.0\.2\.30/ });
  carol.sends(486);                      carol.gets('ACK'); app.gets('call.hangup', { sip_hangup_cause: '486' });
  bob.sends(486);                        bob.gets('ACK'); app.gets('call.hangup');
});

scenario('failover-with-only-full-trunks-left (it was the last one: the refusal counts)', { settings: { access: access([first, second]) } }, ({ transferee, peer, app }) => {
  const bob = peer('bob');
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE'); app.gets('call.initiated');
  app.dials({ to: '+3125550122' });      bob.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(503);                 transferee.gets('ACK'); app.gets('call.hangup', { sip_hangup_cause: '503' }, { call: 0 });
  bob.sends(486);                        bob.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
});

scenario('link-ended-while-a-port-was-reserved (the dial is refused, no call begins)', (world) => {
  const { transferee, app } = world;
  answers(world);
  hangsUpMeanwhile(world);
  app.dials({ link_to: app.idOf(0) }, { status: 422, code: '90018', pointer: '/link_to' });
                                         transferee.gets('BYE'); app.gets('call.hangup');
  transferee.sends(200);
});

const narrow = application({ outboundChannelLimit: 1 });

scenario('an outbound channel limit (a second call is refused until the first has ended)', { settings: { applications: [narrow] } }, ({ transferee, app }) => {
  app.dials({ to: ['sip:alice@192.0.2.10', 'sip:bob@192.0.2.20'] }, { status: 422, code: '90033', pointer: '/connection_id', detail: /channel_limit/ });
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  app.dials({}, { status: 422, code: '90033', pointer: '/connection_id', detail: /channel_limit/ });
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('transfer beyond the outbound channel limit (refused, the call goes on)', { settings: { applications: [narrow] } }, (world) => {
  const { transferee, peer, app } = world;
  answers(world);
  const bob = peer('bob');
  app.dials({ to: 'sip:bob@192.0.2.20' });
                                         bob.gets('INVITE'); app.gets('call.initiated');
  app.posts('transfer', { to: 'sip:carol@192.0.2.30' }, { call: 0, status: 422, code: '90033', detail: /channel_limit/ });
  bob.sends(486);                        bob.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

const idle = application({ active: false });

scenario('inactive-application-dials (refused: it makes no new calls)', { settings: { applications: [idle] } }, ({ app }) => {
  app.dials({}, { status: 422, code: '10015', pointer: '/connection_id', detail: /not active/ });
});
