import { answers, hangsUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const overTls = { transport: 'tls', listens: ['udp', 'tcp', 'tls'] } as const;
const overWebSocket = { transport: 'wss', listens: ['udp', 'wss'] } as const;

scenario('refer over tls (our Contact names the transport)', overTls, (world) => {
  const { transferee, app } = world;
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated');
  app.posts('answer');                   transferee.gets(200, { Contact: /^<sip:[^;]*:5060;transport=tls>$/ });
  transferee.sends('ACK');               app.gets('call.answered');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { Via: /^SIP\/2\.0\/TLS .*;alias$/, Contact: /^<sip:[^;]*:5060;transport=tls>$/ });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer with sips (our Contact is a SIPS URI: RFC 3261 §12.1.1)', overTls, (world) => {
  const { transferee, app } = world;
  const secured = /^<sips:[^;]*:5060;transport=tcp>$/;
  transferee.sends('INVITE', { uri: 'sips:+13125550100@192.0.2.10:5060', Contact: '<sips:alice@192.0.2.20:5060;transport=tcp>' });
                                         transferee.gets(100); transferee.gets(180, { Contact: secured });
                                         app.gets('call.initiated');
  app.posts('answer');                   transferee.gets(200, { Contact: secured });
  transferee.sends('ACK');               app.gets('call.answered');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { uri: 'sips:alice@192.0.2.20:5060;transport=tcp', Contact: secured });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

const browser = { Via: 'SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKbrowser', Contact: '<sip:alice@df7jal23ls0d.invalid;transport=ws>' };

scenario('refer over websocket (a browser that is reached by its connection only: RFC 7118 §5)', overWebSocket, (world) => {
  const { app } = world;
  answers(world, browser);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer over websocket, connection closed (the browser is gone, and the refer fails at once)', { ...overWebSocket, logs: /could not be sent/ }, (world) => {
  const { transferee, app } = world;
  answers(world, browser);
  transferee.disconnects();
  app.posts('refer', { sip_address: target });
                                         app.gets('call.refer.failed', { sip_notify_response: 503, failure_reason: 'failed' });
  hangsUp(world);
});
