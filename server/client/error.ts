import { TRPCClientError } from '@trpc/client';
import type { ErrorCode, FailureBody } from '../core/errors.ts';
import { failureInText, failureInTrpc } from './failure-body.ts';
import type { AppRouter } from './router.ts';

/** Error of every call of the client: a code for programs, a message and a hint for people. */
export class BackupError extends TRPCClientError<AppRouter> {
  override readonly name = 'BackupError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  /** Seconds to wait before a retry, when the server said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string | undefined; details?: Record<string, unknown> | undefined; cause?: unknown } = {},
  ) {
    super(message, more.cause instanceof Error ? { cause: more.cause } : {});
    // tRPC's constructor sets the prototype of its own class.
    Object.setPrototypeOf(this, new.target.prototype);
    this.code = code;
    this.hint = more.hint;
    this.details = more.details;
    const seconds = more.details?.['retryAfterSeconds'];
    this.retryAfterSeconds = typeof seconds === 'number' ? seconds : undefined;
  }
}

/** tRPC's message for a query too long for any request; it is not sent. */
const TOO_LONG = 'Input is too big for a single dispatch';

/** Turns any failure of a call into a `BackupError`: the server's own message, a cancellation, or a lost connection. */
export function asBackupError(error: unknown, signal?: AbortSignal | null): BackupError {
  if (error instanceof BackupError) return error;
  const body = error instanceof TRPCClientError ? failureInTrpc(error.data) : null;
  if (body) return fromFailure(body, error);
  if (signal?.aborted) return new BackupError('CANCELLED', 'The call was cancelled.', { cause: error });
  if (error instanceof TRPCClientError && error.message === TOO_LONG)
    return new BackupError('INPUT_INVALID', 'The query is longer than the address of a request may be.', {
      cause: error,
      hint: 'Ask for less at once: a shorter search, fewer names.',
    });
  return connectionLost(error);
}

/** Returns the failure in the response of a raw route. */
export async function errorOfResponse(response: Pick<Response, 'status' | 'text'>): Promise<BackupError> {
  return errorOfAnswer(response.status, failureInText(await response.text().catch(() => '')));
}

/** Returns the failure of a response whose body was parsed already. */
export function errorOfAnswer(status: number, body: FailureBody['error'] | null): BackupError {
  if (body) return fromFailure(body, undefined);
  return new BackupError('CONNECTION_LOST', `The server answered ${status}, not in the way of this API.`, {
    hint: 'See whether the address is right, and whether a proxy stands between.',
    details: { status },
  });
}

/** Returns the error for a response that did not arrive, or only in part. */
export function connectionLost(cause: unknown): BackupError {
  return new BackupError('CONNECTION_LOST', 'The server does not answer, or the connection was lost.', {
    cause,
    hint: 'See whether it runs and can be reached from here, then try again.',
  });
}

function fromFailure({ code, message, hint, details }: FailureBody['error'], cause: unknown): BackupError {
  return new BackupError(code, message, { hint, details, cause });
}
