// Which application answers an INVITE. Until numbers and domains are mapped to applications, all go to the default one.

/** How refers of an application's calls behave where a command does not say otherwise. Durations in milliseconds. */
export interface ReferSettings {
  readonly firstNotifyTimeoutMs: number;
  readonly timeoutMs: number;
  readonly byeGraceMs: number;
  readonly headerPlacement: HeaderPlacement;
  readonly beforeAnswer: ReferBeforeAnswer;
  readonly byeWithoutFinal: ReferByeWithoutFinal;
  readonly withoutAllow: ReferWithoutAllow;
}

/** Where the custom headers of a refer go: onto the REFER, into the Refer-To URI, or both. */
export const headerPlacements = ['both', 'refer', 'refer-to'] as const;
export type HeaderPlacement = (typeof headerPlacements)[number];

/** What a refer of a ringing inbound call does: REFER in the early dialog, a 302, or a refusal. */
export const refersBeforeAnswer = ['early', 'redirect', 'refuse'] as const;
export type ReferBeforeAnswer = (typeof refersBeforeAnswer)[number];

/** What a refer has come to when the peer accepted it, hung up, and never said how it went. */
export const refersByeWithoutFinal = ['failed', 'completed'] as const;
export type ReferByeWithoutFinal = (typeof refersByeWithoutFinal)[number];

/** What a refer does when the peer's Allow leaves REFER out: try it all the same, or fail with 405 at once. */
export const refersWithoutAllow = ['send', 'fail'] as const;
export type ReferWithoutAllow = (typeof refersWithoutAllow)[number];

/** The HTTP side of a call: a Call Control Application. `id` is what the API calls connection_id. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly webhookUrl: string | null;
  readonly webhookFailoverUrl: string | null;
  readonly webhookTimeoutMs: number;
  readonly refer: ReferSettings;
}

/** The application of an inbound call: the first one configured. */
export function applicationOf(applications: readonly [Application, ...Application[]]): Application {
  return applications[0];
}
