// Who is let in to an endpoint: what it asks before it keeps anything of a request, and what it may be told. Types only.
import type { HeaderList, Request } from './message/message.ts';
import type { Target } from './transport/transport.ts';

/**
 * `peer`: who it is, in the words of whoever asked. `nat`: whether it is reached where its packets come from when its
 * Contact is a private address. A refusal is sent once and kept by nobody (RFC 3261 §8.2.7, §26.3.2.4).
 */
export type Passage =
  | { readonly type: 'admitted'; readonly peer?: string; readonly nat: boolean }
  | { readonly type: 'refused'; readonly status: number; readonly headers: HeaderList }
  | { readonly type: 'dropped' };

/** Asked who may come in, before anything is kept of a request. */
export interface Gate {
  /** Asked about each request that is no copy of one that lives, and no ACK. */
  request(request: Request, from: Target): Passage;
  /** Whether something that cannot be read is worth an answer. */
  unreadable(from: Target): boolean;
}
