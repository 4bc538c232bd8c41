// Media without sockets: ports counted up from 40000, remembered until they are released.
import type { Media, MediaSession } from '../../src/media/media.ts';

export interface FakeMedia extends Media {
  /** Ports that are reserved, with their session once there is one. */
  readonly ports: ReadonlyMap<number, MediaSession | null>;
}

export function fakeMedia(kind: Media['kind'] = 'quiet'): FakeMedia {
  const ports = new Map<number, MediaSession | null>();
  /** Below it every port is reserved. */
  let lowest = 40_000;
  return {
    kind,
    ports,
    reserve: async () => {
      if (kind === 'none') return 9;
      while (ports.has(lowest)) lowest += 2;
      ports.set(lowest, null);
      return lowest;
    },
    restore: async (port) => {
      if (kind === 'none') return true;
      if (ports.has(port)) return false;
      ports.set(port, null);
      return true;
    },
    update: (session) => {
      if (ports.has(session.port)) ports.set(session.port, session);
    },
    release: (port) => {
      if (ports.delete(port)) lowest = Math.min(lowest, port);
    },
    close: async () => ports.clear(),
  };
}
