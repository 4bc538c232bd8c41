// Media for installations that do signalling only: no socket. That such a call says a=inactive is the call's concern.
import type { Media } from './media.ts';

/** RFC 863: what is sent to the discard port is thrown away. */
const discard = 9;

export function none(): Media {
  return {
    kind: 'none',
    reserve: async () => discard,
    restore: async () => true,
    update: () => {},
    release: () => {},
    close: async () => {},
  };
}
