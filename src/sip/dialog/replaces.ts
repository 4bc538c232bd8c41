// Replaces received (RFC 3891 §3): which dialog an INVITE asks to take the place of, or how it is to be refused. Pure.
// Leaves out who may ask so (§8), and what follows: the replaced dialog ends by BYE, or by CANCEL while it is early.
import { type Replaces, readReplaces } from '../message/headers.ts';
import type { Request } from '../message/message.ts';

/** A dialog of an INVITE usage, as far as it takes to match it. */
export interface Replaceable {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string | null;
  readonly state: 'early' | 'confirmed' | 'terminated';
  /** Who sent its INVITE. */
  readonly initiator: 'us' | 'them';
}

/** `refused` is the status of the answer; else `replaced` is the dialog, null where nothing is to be replaced. */
export type Replacement<D> =
  | { readonly refused: 400 | 481 | 486 | 603 }
  | { readonly refused: null; readonly replaced: D | null };

/** §3: a Replaces that cannot be read, comes twice or in another request than an INVITE is 400. */
export function replacedBy<D extends Replaceable>(request: Request, dialogs: Iterable<D>): Replacement<D> {
  const values = request.all('Replaces');
  if (values.length === 0) return { refused: null, replaced: null };
  const replaces = values.length === 1 ? readReplaces(values[0]!) : null;
  if (replaces === null || request.method !== 'INVITE') return { refused: 400 };
  const matched = [...dialogs].filter((dialog) => matches(replaces, dialog));
  // More than one match is no match.
  return matched.length === 1 ? verdict(replaces, matched[0]!) : { refused: 481 };
}

/**
 * What a Replaces says that came in a Refer-To and is for us; null: it names none of the dialogs. Deviation: RFC 3891 §3 has
 * the tags as their receiver knows them, but who refers may write them as it knows them itself: either way will do.
 */
export function namedBy<D extends Replaceable>(replaces: Replaces, dialogs: Iterable<D>): Replacement<D> | null {
  const { toTag, fromTag } = replaces;
  const turned = { ...replaces, toTag: fromTag, fromTag: toTag };
  const named = [...dialogs].find((dialog) => matches(replaces, dialog) || matches(turned, dialog));
  return named === undefined ? null : verdict(replaces, named);
}

/** The tags are as the peer wrote them for us: to-tag is our tag, from-tag that of the other side. */
function matches(replaces: Replaces, dialog: Replaceable): boolean {
  return (
    replaces.callId === dialog.callId &&
    replaces.toTag === dialog.localTag &&
    (replaces.fromTag === dialog.remoteTag || (replaces.fromTag === '0' && dialog.remoteTag === null))
  );
}

function verdict<D extends Replaceable>(replaces: Replaces, dialog: D): Replacement<D> {
  if (dialog.state === 'terminated') return { refused: 603 };
  if (dialog.state === 'confirmed') return replaces.earlyOnly ? { refused: 486 } : { refused: null, replaced: dialog };
  // An early dialog that rings here cannot be picked up by Replaces: only its caller may be given another.
  return dialog.initiator === 'us' ? { refused: null, replaced: dialog } : { refused: 481 };
}
