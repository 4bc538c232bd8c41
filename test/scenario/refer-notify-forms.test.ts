// NOTIFY as real peers write it: sipfrag bodies out of true, Event with and without id, and what is not for us at all.
import { answers, hangsUp, isReleased, notifies, refers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Overrides } from '../support/template.ts';

const bodies: readonly [name: string, notify: Overrides][] = [
  ['without CRLF', { body: 'SIP/2.0 200 OK' }],
  ['with LF only', { body: 'SIP/2.0 200 OK\n' }],
  ['with more lines', { body: 'SIP/2.0 200 OK\r\nReason: Q.850;cause=16\r\nContact: <sip:bob@biloxi.example>\r\n' }],
  ['with a whole message', { body: 'SIP/2.0 200 OK\r\nTo: <sip:bob@biloxi.example>\r\nContent-Length: 0\r\n\r\n' }],
  ['without version', { body: 'SIP/2.0 200 OK\r\n', 'Content-Type': 'message/sipfrag' }],
  ['without reason phrase', { body: 'SIP/2.0 200\r\n' }],
  ['with another case of type', { body: 'SIP/2.0 200 OK\r\n', 'Content-Type': 'Message/SIPfrag; version="2.0"' }],
];

for (const [name, notify] of bodies) {
  scenario(`refer sipfrag ${name}`, (world) => {
    const { transferee, app } = world;
    answers(world);
    refers(world);
    transferee.sends('NOTIFY', { 'Subscription-State': 'terminated;reason=noresource', ...notify });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
    isReleased(world);
  });
}

const events: readonly [name: string, notify: Overrides][] = [
  ['without id', { Event: 'refer' }],
  ['with the id of its REFER', { Event: 'refer;id=1' }],
  ['in the compact form', { Event: null, O: 'refer' }],
  ['without Subscription-State (taken as active)', { 'Subscription-State': null }],
  ['with a state in capitals', { 'Subscription-State': 'Terminated;Reason=noresource' }],
];

for (const [name, notify] of events) {
  scenario(`refer event ${name}`, (world) => {
    const { app } = world;
    answers(world);
    refers(world);
    notifies(world, '200 OK', notify);   app.gets('call.refer.completed', { sip_notify_response: 200 });
    isReleased(world);
  });
}

scenario('refer unreadable sipfrag (taken as a NOTIFY without status)', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, 'not a status', { 'Subscription-State': 'active;expires=60' });
  notifies(world, '180 Ringing', { 'Content-Type': 'text/plain', 'Subscription-State': 'active;expires=60' });
                                         app.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { notify_sip_responses: [200] });
  isReleased(world);
});

scenario('refer events that are not for it (489, 400, 481), and it goes on', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  transferee.sends('NOTIFY', { Event: 'message-summary', 'Subscription-State': 'active' });
                                         transferee.gets(489, { 'Allow-Events': /\brefer\b/ });
  transferee.sends('NOTIFY', { Event: null, 'Subscription-State': 'active' });
                                         transferee.gets(400);
  transferee.sends('NOTIFY', { Event: 'refer;id=7', body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(481);
  transferee.sends('NOTIFY', { toTag: 'nobody', body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(481);
  transferee.sends('NOTIFY', { fromTag: 'nobody', body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(481);
                                         app.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { notify_sip_responses: [200] });
  isReleased(world);
});

scenario('refer notify without a refer (481)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(481);
                                         app.getsNothing();
  hangsUp(world);
});

scenario('refer notify repeated (a retransmission is answered again and counts once)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  transferee.sends('NOTIFY', { body: 'SIP/2.0 180 Ringing\r\n' });
                                         transferee.gets(200);
  after(500);
  transferee.sends('NOTIFY', { again: true });
                                         transferee.gets(200, { again: true });
  transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { notify_sip_responses: [180, 200] });
  isReleased(world);
});

scenario('refer notify out of order (an older one that comes after the end is answered and dropped)', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  transferee.sends('NOTIFY', { cseq: 9, body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { notify_sip_responses: [200] });
  transferee.sends('NOTIFY', { cseq: 8, body: 'SIP/2.0 180 Ringing\r\n' });
                                         transferee.gets(200);
                                         app.getsNothing();
  isReleased(world);
});
