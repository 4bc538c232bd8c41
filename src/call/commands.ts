// What an application may ask of a call: the bodies of its commands, and the face the call layer shows to HTTP.
import type { Refusal } from '../errors.ts';
import type { Credentials } from '../sip/message/digest.ts';
import type { DigitOrder } from './digits.ts';
import type { PlaceChange } from './queues.ts';
import type { Fallback, ReferOrder } from './refer.ts';
import type { HeaderPlacement, ReferBeforeAnswer } from './routing.ts';
import type { WebhookFields, Webhooks } from './webhooks.ts';

export interface NamedValue {
  name: string;
  value: string;
}

interface Common {
  client_state?: string;
  command_id?: string;
}

/** A step of `on_failure`: what it leaves out is as in the command. */
export interface ReferStepBody
  extends Omit<Bodies['refer'], 'client_state' | 'command_id' | 'on_failure' | 'hold_on_refer'> {
  /** In place of a REFER. */
  transfer?: Bodies['transfer'];
}

/** The bodies by action, as the API names their fields. What JSON Schema can say of them is checked before they come here. */
export interface Bodies {
  answer: Common &
    WebhookFields & { custom_headers?: NamedValue[]; sip_headers?: NamedValue[]; preferred_codecs?: string };
  reject: Common & { cause: 'CALL_REJECTED' | 'USER_BUSY' };
  hangup: Common & { custom_headers?: NamedValue[] };
  refer: Common & {
    /** May be left out where `replaces_call_control_id` says who is meant. */
    sip_address?: string;
    replaces_call_control_id?: string;
    refer_sub?: boolean;
    hold_on_refer?: boolean;
    on_failure?: ReferStepBody[];
    custom_headers?: NamedValue[];
    sip_headers?: NamedValue[];
    sip_auth_username?: string;
    sip_auth_password?: string;
    refer_first_notify_timeout_ms?: number;
    refer_timeout_ms?: number;
    refer_bye_grace_ms?: number;
    refer_header_placement?: HeaderPlacement;
    refer_before_answer?: ReferBeforeAnswer;
  };
  bridge: Common & {
    call_control_id?: string;
    queue?: string;
    park_after_unbridge?: string;
    hold_after_unbridge?: boolean;
    prevent_double_bridge?: boolean;
    mute_dtmf?: MuteDtmf;
  };
  transfer: Common &
    Omit<DialBody, 'connection_id' | 'from' | 'to' | 'link_to' | 'retry_on_timeout' | keyof DialLink> & {
      to: string;
      from?: string;
      target_leg_client_state?: string;
      park_after_unbridge?: string;
      mute_dtmf?: MuteDtmf;
    };
  refer_accept: Common;
  refer_reject: Common;
  enqueue: Common & { queue_name: string; max_size?: number; max_wait_time_secs?: number; keep_after_hangup?: boolean };
  leave_queue: Common;
  client_state_update: Common & { client_state: string };
  send_sip_info: Common & { content_type: string; body: string };
  send_dtmf: Common & { digits: string; duration_millis?: number };
}

/** To whose peer the digits of the other one do not go: that of the call the command is for, the other one's, or neither's. */
export const mutings = ['none', 'both', 'self', 'opposite'] as const;
export type MuteDtmf = (typeof mutings)[number];

export type ActionName = keyof Bodies;

/** Whether the call goes on by itself when the other one leaves, and whether its peer is put on hold then. */
export interface AfterBridge {
  readonly parks: boolean;
  readonly holds?: boolean;
}

/** A command that was read (reading.ts): what SIP needs of it, in the bytes that go on the wire. */
export type Command = { readonly clientState: string | null; readonly webhooks?: WebhookFields } & (
  | { readonly name: 'answer'; readonly headers: readonly NamedValue[]; readonly preferredCodecs: string | null }
  | { readonly name: 'reject'; readonly status: 603 | 486 }
  | { readonly name: 'hangup'; readonly headers: readonly NamedValue[] }
  | {
      readonly name: 'refer';
      readonly order: ReferOrder;
      readonly timeoutMs: number;
      readonly beforeAnswer: ReferBeforeAnswer;
      /** The target of a 302: it has no other place for the headers than its URI. */
      readonly redirectTo: string;
      readonly credentials: Credentials | null;
      /** What is tried when it has failed, in this order. */
      readonly fallbacks: readonly Fallback[];
    }
  /** `with` is the id of a call that can be joined. */
  | ({
      readonly name: 'bridge';
      readonly with: string;
      readonly preventDouble: boolean;
      readonly muteDtmf: MuteDtmf;
    } & AfterBridge)
  /** `callee` is the id of the call that is dialled for it; `isStep`: in place of a REFER that has failed. */
  | { readonly name: 'transfer'; readonly callee: string; readonly isStep?: boolean }
  | { readonly name: 'refer_accept' | 'refer_reject' }
  | {
      readonly name: 'enqueue';
      readonly queue: string;
      readonly maxWaitMs: number | null;
      readonly keepAfterHangup: boolean;
    }
  | ({ readonly name: 'change_place' } & PlaceChange)
  | { readonly name: 'leave_queue' }
  | { readonly name: 'client_state_update' }
  | { readonly name: 'send_sip_info'; readonly contentType: string; readonly body: string }
  | { readonly name: 'send_dtmf'; readonly order: DigitOrder }
);

/** What becomes of the call that a dial makes and of the one it is linked to. */
interface DialLink {
  bridge_intent?: boolean;
  bridge_on_answer?: boolean;
  prevent_double_bridge?: boolean;
  park_after_unbridge?: string;
  hold_after_unbridge?: boolean;
}

/** The body of a dial, as the API names its fields. */
export interface DialBody extends Common, DialLink, WebhookFields {
  connection_id: string;
  from: string;
  to: string | string[];
  from_display_name?: string;
  timeout_secs?: number;
  time_limit_secs?: number;
  privacy?: 'id' | 'none';
  custom_headers?: NamedValue[];
  sip_headers?: NamedValue[];
  sip_auth_username?: string;
  sip_auth_password?: string;
  sip_transport_protocol?: 'UDP' | 'TCP' | 'TLS';
  preferred_codecs?: string;
  diversion?: string;
  retry_on_timeout?: boolean;
  link_to?: string;
}

/** The calls a dial has made, one for each destination, or why it was refused. */
export type Dialled = { readonly calls: readonly CallView[] } | { readonly refusals: readonly Refusal[] };

/** A call to make, as it was ordered. Texts of SIP as they go on the wire; `from` and `to` as the API says them. */
export interface DialOrder {
  readonly from: string;
  readonly to: string;
  /** What stands in From and To, without tags. */
  readonly fromAddress: string;
  readonly toAddress: string;
  readonly displayName: string | null;
  readonly contactUser: string | null;
  readonly headers: readonly NamedValue[];
  readonly timeoutMs: number;
  readonly timeLimitMs: number;
  readonly preferredCodecs: string | null;
  readonly credentials: Credentials | null;
  readonly clientState: string | null;
  /** What becomes of it after every bridge; null: it ends with the bridge, unless the command that joins it says otherwise. */
  readonly afterBridge: AfterBridge | null;
  /** What the application is told when nobody answers in time. */
  readonly timeoutCause: 'timeout' | 'no_answer';
  readonly webhooks: Webhooks | null;
}

/** A call as `GET /v2/calls/{id}` shows it. Instants are wall-clock milliseconds, the duration is in seconds. */
export interface CallView {
  readonly callControlId: string;
  readonly callLegId: string;
  readonly callSessionId: string;
  readonly isAlive: boolean;
  readonly clientState: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly durationSecs: number;
}

/** What HTTP sees of the calls. Every answer is given after its commit. */
export interface CallControl {
  /** Whether this call has accepted a command with this id before: then the same answer is due, whatever else the body says. */
  accepted(callControlId: string, commandId: string): Promise<boolean>;
  /** Resolves to no refusals once the command is committed, or to why it was refused. */
  execute<A extends ActionName>(callControlId: string, action: A, body: Bodies[A]): Promise<readonly Refusal[]>;
  /** Changes the place of a call in a queue; one that keeps its place may have ended. */
  changePlace(callControlId: string, change: PlaceChange): Promise<readonly Refusal[]>;
  /** The calls that a dial with this command id has made before; null when there is none. */
  dialled(commandId: string): Promise<Dialled | null>;
  /** Resolves once the calls are committed. */
  dial(body: DialBody): Promise<Dialled>;
  /** A live call, or one that ended not longer than ten minutes ago. */
  view(callControlId: string): Promise<CallView | null>;
  /** The live calls of an application. */
  activeCalls(connectionId: string): readonly CallView[];
  /** Whether it has any, those included that are not committed yet. */
  hasCalls(connectionId: string): boolean;
}

/** What a body says of the time after a bridge; null: nothing. */
export function afterBridge(body: { park_after_unbridge?: string; hold_after_unbridge?: boolean }): AfterBridge | null {
  const { park_after_unbridge: parks, hold_after_unbridge: holds = false } = body;
  return holds || parks === 'self' ? { parks: true, ...(holds && { holds }) } : null;
}
