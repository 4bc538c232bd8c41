// What a call says to its sound. An implementation gives each answered call a place to receive RTP, and may send.
// Leaves out SDP (sip/message/sdp.ts): a call negotiates by itself and tells its media only what was agreed.

/** What offer and answer agreed on, as much of it as media needs. `remote` is null while the peer takes no packets. */
export interface MediaSession {
  readonly port: number;
  readonly remote: { readonly host: string; readonly port: number } | null;
  readonly payloadType: number;
  /** What the payload type stands for: peers may give it any number (RFC 3551 §3). */
  readonly codec: 'PCMU' | 'PCMA';
}

export interface Media {
  /** 'none' means: no socket, and SDP says `a=inactive`. */
  readonly kind: 'quiet' | 'none';
  /** A bound RTP port that belongs to the caller until `release`; 9 (discard) for `none`. Rejects when none is free. */
  reserve(): Promise<number>;
  /** Binds again the port of a call that was restored. False if somebody else has it now. */
  restore(port: number): Promise<boolean>;
  /** Starts, or changes, the session on a reserved port. */
  update(session: MediaSession): void;
  /** Ends whatever runs on the port and closes it. Unknown ports are ignored. */
  release(port: number): void;
  close(): Promise<void>;
}
