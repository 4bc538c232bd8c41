import assert from 'node:assert/strict';
import { test } from 'node:test';
import { none } from '../../src/media/none.ts';

test('none: every call has port 9, and nothing else happens', async () => {
  const media = none();
  assert.equal(media.kind, 'none');
  assert.deepEqual([await media.reserve(), await media.reserve()], [9, 9]);
  assert.equal(await media.restore(9), true);
  media.update({ port: 9, remote: null, payloadType: 0, codec: 'PCMU' });
  media.release(9);
  await media.close();
});
