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
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'SHA-256,MD5' },
  cells: phoneCells({
    open: Linphone.open,
    over: ['udp', 'tcp'],
    secure: ['tls'],
    distrusts: /Certificate verification failed/,
    refreshes: 'UPDATE',
    offers: [/^m=video [1-9]/m, /^m=video 0 /m],
    notes: {
      digest:
        'By SHA-256, which a setting has offered first: at SHA-512-256 it gives up, even if the next one is one that it knows.',
      're-INVITE': 'It adds video to the call, which is declined.',
      TLS: 'By the name `localhost`: an address in a certificate does not count for it.',
    },
  }),
};
