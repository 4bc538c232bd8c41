// The columns, in order.
import { baresip } from './baresip.ts';
import { jssip } from './jssip.ts';
import { kamailio } from './kamailio.ts';
import { linphone } from './linphone.ts';
import type { Peer } from './rows.ts';
import { sipp } from './sipp.ts';

export const peers: readonly Peer[] = [sipp, baresip, linphone, kamailio, jssip];
