import { AppError, type Redactions } from '../core/errors.ts';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Returns the system's short code of a failed file operation (`ENOSPC`), or null for another error. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Turns the error of a file operation into DISK_FULL or STORAGE_UNAVAILABLE. Returns an AppError as it is. */
export function storageFailure(
  error: unknown,
  doing: string,
  facts: { free?: number | null; written?: number; redactions?: Redactions } = {},
): AppError {
  if (error instanceof AppError) return error;
  const redactions = facts.redactions && { redactions: facts.redactions };
  const code = systemCode(error);
  if (code !== null && NO_SPACE.has(code)) {
    const { free, written = 0 } = facts;
    const room = code !== 'ENOSPC' || free === undefined || free === null ? '' : ` ${free} bytes are free.`;
    const why =
      code === 'EDQUOT'
        ? 'the quota is used up'
        : code === 'EFBIG'
          ? 'the file may not grow larger'
          : 'no space is left';
    return new AppError('DISK_FULL', `${doing} failed: ${why} after ${written} bytes.${room}`, {
      cause: error,
      hint: fullHint(code, free ?? null),
      details: { written, ...(room && { free }) },
      ...redactions,
    });
  }
  const denied = code === 'EACCES' || code === 'EPERM';
  return new AppError('STORAGE_UNAVAILABLE', `${doing} failed${code === null ? '' : ` (${code})`}.`, {
    cause: error,
    hint: denied
      ? 'Give the user this program runs as the right to read and write there.'
      : 'Check that the folder exists, is a folder, and is on a disk that can be written.',
    details: { reason: code },
    ...redactions,
  });
}

/** Free bytes above which the disk lacks something other than space. */
const MUCH_BYTES = 64 * 1024 ** 2;

function fullHint(code: string, free: number | null): string {
  if (code === 'EFBIG')
    return 'The file system, or a limit of the user this program runs as (`ulimit -f`), takes no file of this size: choose another folder (BACKUP_DIR), or raise the limit.';
  if (code === 'EDQUOT')
    return 'Remove old backups, let the quota of the user this program runs as be raised, or choose another folder (BACKUP_DIR), and run again.';
  if (free !== null && free > MUCH_BYTES)
    return 'Bytes are free, so that it may be the number of files that is used up (`df -i`), or somebody took the room meanwhile. Make room there, or choose another folder (BACKUP_DIR), and run again.';
  return 'Make room (remove old backups), or choose another folder (BACKUP_DIR), and run again.';
}

export function notFound(name: string): AppError {
  return new AppError('NOT_FOUND', `There is no backup called ${name}.`, {
    hint: 'List the backups to see their names.',
  });
}

export function alreadyExists(name: string): AppError {
  return new AppError('ALREADY_EXISTS', `A backup called ${name} exists already. Nothing was overwritten.`, {
    hint: 'Choose another name, or remove the old one first.',
  });
}
