// What can go wrong with the database, in sentences that an operator can act on.

/** The store cannot do its work; the message says why and what to do, the cause is what the database said. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** By SQLite's primary result code (sqlite.org/rescode.html). */
const sentences: Readonly<Record<number, string>> = {
  5: 'is locked by another process. Is Switchhook already running on it?',
  6: 'is locked by another process. Is Switchhook already running on it?',
  8: 'is read-only. Give this user the right to write it, its -wal file and its directory.',
  10: 'could not be read or written: the disk reported an error.',
  11: 'is damaged. Restore it from a backup, or move it away to start with an empty one.',
  13: 'cannot grow: the disk is full.',
  14: 'could not be opened. Check its directory and who may write there.',
  26: 'is not an SQLite database. Name another file, or move this one away.',
};

/** By the code of a failed file operation. */
const fileSentences: Readonly<Record<string, string>> = {
  EEXIST: 'exists already. Name another file.',
  EACCES: 'may not be written by this user.',
  EPERM: 'may not be written by this user.',
  EROFS: 'is on a read-only file system.',
  EISDIR: 'is a directory; name a file.',
  ENOENT: 'is in a directory that does not exist. Create it, or name another file.',
  ENOTDIR: 'is below something that is not a directory.',
  ENOSPC: 'cannot be created: the disk is full.',
};

/** Says of the database at `path` what an error that was thrown means. */
export function storeError(path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code, errcode, message } = cause as { code?: string; errcode?: number; message?: string };
  const sentence = errcode === undefined ? fileSentences[code ?? ''] : sentences[errcode & 0xff];
  return new StoreError(`The database ${path} ${sentence ?? `could not be used: ${message ?? cause}.`}`, { cause });
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: this does not pass. */
export function isDamage(cause: unknown): boolean {
  const { errcode = 0 } = cause as { errcode?: number };
  return [11, 26].includes(errcode & 0xff);
}
