// INFO of ours, several of which may be on their way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { active } from './support.ts';

const challenge = (nonce: string) => ({ 'WWW-Authenticate': `Digest realm="pbx", nonce="${nonce}", qop="auth"` });

test('info: two that are challenged at once each go once more', () => {
  const line = active();
  line.call = { ...line.call, credentials: { username: 'alice', password: 'x' } };
  const branches = ['"one"', '"two"'].map((body) => {
    line.command('send_sip_info', { content_type: 'application/json', body });
    return line.out;
  });
  const again = branches.map((branch, index) => {
    line.respond(401, challenge(`n${index}`), branch);
    return line.last;
  });
  assert.deepEqual(
    again.map(({ body }) => body),
    ['"one"', '"two"'],
  );
  for (const [index, { via }] of again.entries()) {
    assert.match(again[index]!.get('Authorization') ?? '', new RegExp(`nonce="n${index}"`));
    line.respond(401, challenge('n9'), via.branch ?? '');
  }
  assert.equal(line.sent.filter(({ request }) => request.method === 'INFO').length, 4);
  assert.deepEqual(line.call.errands, []);
});
