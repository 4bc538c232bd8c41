// The column of baresip.
import { spawnSync } from 'node:child_process';
import { Baresip } from '../support/baresip.ts';
import { pathOfPeer } from '../support/peers.ts';
import { phoneCells } from './phones.ts';
import type { Peer } from './rows.ts';

export const baresip: Peer = {
  name: 'baresip',
  needs: ['baresip'],
  version: () => /v([\d.]+)/.exec(`${spawnSync(pathOfPeer('baresip'), ['-v']).stdout}`)?.[1] ?? '',
  // It gives up at an algorithm that it does not know, even if the next one is one that it does.
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' },
  cells: phoneCells({ open: Baresip.open, over: ['udp', 'tcp'], secure: ['tls'], refreshes: 'INVITE', distrusts: null }),
};
