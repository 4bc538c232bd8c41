// Media without sockets: ports counted up from 40000, remembered until they are released.
import type { Media, MediaSession } from '../../src/media/media.ts';

export interface FakeMedia extends Media {
  /** Ports that are reserved, with their session once there is one. */
  readonly ports: ReadonlyMap<number, MediaSession | null>;
}

export function fakeMedia(kind: Media['kind'] = 'quiet'): FakeMedia {
  const ports = new Map<number, MediaSession | null>();
  return {
    kind,
    ports,
    reserve: async () => {
      if (kind === 'none') return 9;
      let port = 40_000;
      while (ports.has(port)) port += 2;
      ports.set(port, null);
      return port;
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
      ports.delete(port);
    },
    close: async () => ports.clear(),
  };
}
