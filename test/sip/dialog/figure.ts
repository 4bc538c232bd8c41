// Every input of the subscription's machine, by name.
import type { SubscriptionInput } from '../../../src/sip/dialog/subscription.ts';

export const inputs: Readonly<Record<string, SubscriptionInput>> = {
  'NOTIFY pending': { type: 'notify', state: 'pending' },
  'NOTIFY active': { type: 'notify', state: 'active' },
  'NOTIFY terminated': { type: 'notify', state: 'terminated' },
  refused: { type: 'refused' },
  N: { type: 'timer', timer: 'N' },
};
