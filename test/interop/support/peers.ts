// The real peers a test needs: where one is not installed the test is skipped on a laptop, and fails in CI.
import assert from 'node:assert/strict';
import { lacks, type Peer, pathOf } from '../../../scripts/peers.mjs';

/** The value of a test's `skip`. */
export function without(...peers: Peer[]): string | false {
  return process.env.CI === undefined && lacks(...peers);
}

export function pathOfPeer(peer: Peer): string {
  const path = pathOf(peer) as string | null;
  assert.ok(path, `${lacks(peer)}`);
  return path;
}
