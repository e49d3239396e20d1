/**
 * The closed list of error codes and their families. Every error that reaches a person is an `AppError`: a code from
 * this list, a message saying what and where, and a hint saying what to do. Messages never hold secrets: callers pass
 * names and numbers, never connection strings.
 */
export const ERROR_FAMILIES = {
  // validation: the request makes no sense
  USAGE: 'validation',
  CONFIG_INVALID: 'validation',
  NAME_INVALID: 'validation',
  ALREADY_EXISTS: 'validation',
  NOT_FOUND: 'validation',
  MODEL_INVALID: 'validation',
  UNKNOWN_TABLE: 'validation',
  INPUT_INVALID: 'validation',
  TOO_LARGE: 'validation',
  // permission: the database role lacks a right, or the caller does
  PERMISSION_DENIED: 'permission',
  UNAUTHENTICATED: 'permission',
  FORBIDDEN: 'permission',
  STEP_UP_REQUIRED: 'permission',
  RATE_LIMITED: 'permission',
  // system: something outside this program failed
  DATABASE_UNREACHABLE: 'system',
  DATABASE_AUTH_FAILED: 'system',
  DATABASE_ERROR: 'system',
  CONNECTION_LOST: 'system',
  SERVER_UNSUPPORTED: 'system',
  POOLER_DETECTED: 'system',
  DISK_FULL: 'system',
  STORAGE_UNAVAILABLE: 'system',
  STORAGE_LOST: 'system',
  STALLED: 'system',
  MEMORY_LIMIT: 'system',
  UNEXPECTED: 'system',
  // business: the rules of backup and restore forbid it
  ARCHIVE_INVALID: 'business',
  ARCHIVE_DAMAGED: 'business',
  ARCHIVE_TOO_NEW: 'business',
  ARCHIVE_LIMIT: 'business',
  SCHEMA_DRIFT: 'business',
  SCHEMA_MISMATCH: 'business',
  UNKNOWN_OBJECTS: 'business',
  TABLE_BUSY: 'business',
  OPERATION_IN_PROGRESS: 'business',
  STAGING_LOST: 'business',
  LINKS_BROKEN: 'business',
  RESTORE_REFUSED: 'business',
  CANCELLED: 'business',
} as const satisfies Record<string, 'validation' | 'permission' | 'system' | 'business'>;

export type ErrorCode = keyof typeof ERROR_FAMILIES;

export interface AppErrorOptions {
  /** Advice for the operator: one or two sentences, commands included. */
  hint?: string;
  /** Machine-readable facts (table, entry, counts). Never secrets. */
  details?: Record<string, unknown>;
  /** The error that was caught; kept for the log, never shown as it is. */
  cause?: unknown;
  /** Paths and addresses in message and hint that only this machine may show, each with its replacement elsewhere. */
  redactions?: Redactions;
}

export type Redactions = Readonly<Record<string, string>>;

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly redactions: Redactions | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.redactions = options.redactions;
  }
}

/**
 * Returns message and hint for people who are not at this machine: without its paths and without the address of the
 * database.
 */
export function redacted({ message, hint, redactions = {} }: AppError): { message: string; hint: string | undefined } {
  // The longer first: a folder is a prefix of what lies in it.
  const words = Object.keys(redactions).toSorted((a, b) => b.length - a.length);
  const outside = (text: string) => words.reduce((said, word) => said.replaceAll(word, redactions[word] ?? ''), text);
  return { message: outside(message), hint: hint && outside(hint) };
}

/** Returns the redactions of a file's path: elsewhere only its name is shown. */
export function fileRedactions(path: string): Redactions {
  return { [path.slice(0, path.lastIndexOf('/') + 1) || path]: '' };
}

/** Returns the redactions of a folder and everything in it; elsewhere `words` are shown for it. */
export function folderRedactions(folder: string, words: string): Redactions {
  return folder.startsWith('/') && folder.length > 1 ? { [`${folder}/`]: '', [folder]: words } : {};
}

/** The form of a failure on every surface: the command line's `--json`, HTTP and tRPC. */
export interface FailureBody {
  success: false;
  error: { code: ErrorCode; message: string; details?: Record<string, unknown>; hint?: string; timestamp: string };
  timestamp: string;
}

/**
 * Turns an error into the form shown to people, by default to those who are not at this machine. Any error that is not
 * an `AppError` becomes UNEXPECTED with a fixed text, because its own message may hold anything.
 */
export function failureBody(error: unknown, now: Date, to: 'outside' | 'here' = 'outside'): FailureBody {
  const known = error instanceof AppError ? error : unexpected(error);
  const { message, hint } = to === 'here' ? known : redacted(known);
  const timestamp = now.toISOString();
  return {
    success: false,
    error: {
      code: known.code,
      message,
      ...(known.details && { details: known.details }),
      ...(hint && { hint }),
      timestamp,
    },
    timestamp,
  };
}

/** Wraps an unforeseen error. The cause is kept for the log only. */
export function unexpected(cause: unknown): AppError {
  return new AppError('UNEXPECTED', 'Something failed that this program did not foresee.', {
    cause,
    hint: 'The log of the server, or --verbose on the command line, shows the cause. Report it with the version of this program.',
  });
}

/** Throws CANCELLED once the signal is aborted. The signal's own reason never reaches a person. */
export function throwIfCancelled(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw cancelled(what);
}

/**
 * Returns the error of an operation stopped by its signal (Ctrl-C, a cancel button, shutdown). `left` says in words
 * what remains after cleaning up, or is null when nothing does. Omit it when nobody has looked: the message then says
 * nothing of it.
 */
export function cancelled(what: string, left?: string | null): AppError {
  const error = new AppError('CANCELLED', `${what} was cancelled.`);
  return left === undefined ? error : withLeft(error, left);
}

const LEFT = 'left';

/**
 * Returns the same error with the result of cleaning up after it: what remains, in words, or null when nothing does.
 */
export function withLeft(error: AppError, left: string | null): AppError {
  return new AppError(error.code, `${error.message} ${left === null ? 'Nothing was left behind.' : left}`, {
    ...(error.hint !== undefined && { hint: error.hint }),
    details: { ...error.details, [LEFT]: left },
    cause: error.cause,
    ...(error.redactions && { redactions: error.redactions }),
  });
}

/** Returns what remained after cleaning up; undefined when nobody has looked. */
export function leftOf(error: unknown): string | null | undefined {
  const left = error instanceof AppError ? error.details?.[LEFT] : undefined;
  return typeof left === 'string' || left === null ? left : undefined;
}
