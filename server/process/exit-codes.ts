import type { ErrorCode } from '../core/errors.ts';

/**
 * Meanings of the exit codes, for a cron job or systemd. This is the one list: `--help` prints it, and README.md
 * repeats it word for word.
 */
export const EXIT_CODES = {
  0: 'done',
  1: 'unexpected; from status.ts: no good backup that is young enough',
  2: 'database',
  3: 'files or storage',
  4: 'usage, configuration or validation',
  5: 'archive damaged, or not one',
  6: 'busy: another operation, or tables that stay locked',
  7: "refused: the backup does not fit today's tables or rules",
  8: 'done, but not everything is in the backup; only with --strict-exit or BACKUP_STRICT_EXIT',
  130: 'cancelled',
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** Returns the exit code of a failure. A new error code without a case here does not compile. */
export function exitCodeOf(code: ErrorCode): Exclude<ExitCode, 0> {
  switch (code) {
    case 'UNEXPECTED':
      return 1;
    case 'PERMISSION_DENIED':
    case 'STALLED':
    case 'MEMORY_LIMIT':
    case 'DATABASE_UNREACHABLE':
    case 'DATABASE_AUTH_FAILED':
    case 'DATABASE_ERROR':
    case 'CONNECTION_LOST':
    case 'SERVER_UNSUPPORTED':
    case 'POOLER_DETECTED':
    case 'STAGING_LOST':
      return 2;
    case 'DISK_FULL':
    case 'STORAGE_UNAVAILABLE':
    case 'STORAGE_LOST':
      return 3;
    case 'USAGE':
    case 'CONFIG_INVALID':
    case 'NAME_INVALID':
    case 'ALREADY_EXISTS':
    case 'NOT_FOUND':
    case 'MODEL_INVALID':
    case 'UNKNOWN_TABLE':
    case 'INPUT_INVALID':
    case 'TOO_LARGE':
    case 'UNAUTHENTICATED':
    case 'FORBIDDEN':
    case 'STEP_UP_REQUIRED':
    case 'RATE_LIMITED':
    // A newer program's archive is intact; this program is too old for it.
    case 'ARCHIVE_TOO_NEW':
      return 4;
    case 'ARCHIVE_INVALID':
    case 'ARCHIVE_DAMAGED':
    case 'ARCHIVE_LIMIT':
      return 5;
    case 'TABLE_BUSY':
    case 'OPERATION_IN_PROGRESS':
      return 6;
    case 'SCHEMA_DRIFT':
    case 'SCHEMA_MISMATCH':
    case 'UNKNOWN_OBJECTS':
    case 'LINKS_BROKEN':
    case 'RESTORE_REFUSED':
      return 7;
    case 'CANCELLED':
      return 130;
    default:
      throw new RangeError(`no exit code for ${code satisfies never}`);
  }
}
