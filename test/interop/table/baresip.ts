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
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' },
  cells: phoneCells({
    open: Baresip.open,
    over: ['udp', 'tcp'],
    secure: ['tls'],
    distrusts: null,
    refreshes: 'INVITE',
    notes: {
      digest:
        'By MD5 alone, which a setting asks for: at an algorithm that it does not know it gives up, even if the next one is one that it does.',
      'session timer': 'It knows of none: Switchhook refreshes the session by itself, with re-INVITEs.',
      TLS: 'It takes any certificate, also one by an authority that it was not told to trust.',
    },
  }),
};
