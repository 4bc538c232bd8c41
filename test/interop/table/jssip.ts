// The column of JsSIP.
import jssipManifest from 'jssip/package.json' with { type: 'json' };
import { JsSip } from '../support/jssip.ts';
import { phoneCells } from './phones.ts';
import type { Peer } from './rows.ts';

export const jssip: Peer = {
  name: 'JsSIP',
  needs: [],
  version: () => jssipManifest.version,
  settings: { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' },
  note: 'From npm, in Node. What stands in for the WebRTC of a browser describes plain RTP: WebRTC speaks DTLS-SRTP only, which Switchhook does not.',
  cells: phoneCells({
    open: JsSip.open,
    over: ['ws'],
    secure: ['wss'],
    distrusts: /^disconnected/,
    refreshes: 'UPDATE',
    notes: {
      digest:
        'By MD5 alone, which a setting asks for: it looks at the first challenge only, and at an algorithm that it does not know it gives up.',
    },
  }),
};
