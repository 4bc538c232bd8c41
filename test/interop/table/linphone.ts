// The column of linphonec.
import { spawnSync } from 'node:child_process';
import { Linphone } from '../support/linphone.ts';
import { pathOfPeer } from '../support/peers.ts';
import { phoneCells } from './phones.ts';
import type { Peer } from './rows.ts';

export const linphone: Peer = {
  name: 'linphonec',
  needs: ['linphonec', 'script'],
  version: () => /([\d.]+)/.exec(`${spawnSync(pathOfPeer('linphonec'), ['-v']).stdout}`)?.[1] ?? '',
  // It gives up at SHA-512-256, which it does not know, even if the next one is one that it does.
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'SHA-256,MD5' },
  cells: phoneCells({
    open: Linphone.open,
    over: ['udp', 'tcp'],
    secure: ['tls'], refreshes: 'UPDATE',
    distrusts: /Certificate verification failed/,
    offers: [/^m=video [1-9]/m, /^m=video 0 /m],
  }),
};
