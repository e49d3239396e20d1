import { TRPCClientError } from '@trpc/client';
import type { BackupError } from '../../../server/client/error.ts';
import { failureInTrpc } from '../../../server/client/failure-body.ts';
import { words } from '../../strings/shared.ts';

type ErrorCode = BackupError['code'];

/** A failure as the server sends it. */
interface FailureBody {
  code: string;
  message: string;
  hint?: string | undefined;
  details?: Record<string, unknown> | undefined;
}

/** A failure as people see it: what and where, what to do, and a reference for the server's operator. */
export interface Failure {
  code: ErrorCode;
  message: string;
  hint: string | null;
  /** The id of the request in the server's log. */
  reference: string | null;
  retryAfterSeconds: number | null;
  details: Record<string, unknown>;
}

/** An answer that is not our server's, mostly from a proxy in front of it. */
export class ForeignResponse extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`answer ${status}, not of this program`);
    this.status = status;
  }
}

/** Converts the error of a call into a failure. An answer that is not our server's counts as a lost connection. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof TRPCClientError)) return isFailure(error) ? error : unexpected(error);
  const body = failureInTrpc(error.data);
  const response: unknown = error.meta?.['response'];
  const reference = response instanceof Response ? response.headers.get('x-request-id') : null;
  if (body) return failureFrom(body, reference);
  if (error.cause instanceof ForeignResponse)
    return panelFailure('CONNECTION_LOST', words.failure.notOurs(error.cause.status), words.failure.notOursHint);
  if (response instanceof Response) {
    return panelFailure(
      'CONNECTION_LOST',
      words.failure.notOurs(response.status),
      words.failure.notOursHint,
      reference,
    );
  }
  return panelFailure('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint, null);
}

/** Converts the failure in a record, or in the answer of a plain HTTP route. */
export function failureFrom(body: Partial<FailureBody>, reference: string | null = null): Failure {
  const { code = 'UNEXPECTED', message = words.failure.unforeseen, hint = null, details = {} } = body;
  const seconds = details['retryAfterSeconds'];
  const named = details['requestId'];
  return {
    // A newer server may send codes unknown to this panel; they are shown as they are.
    code: code as ErrorCode,
    message,
    hint,
    details,
    reference: typeof named === 'string' ? named : reference,
    retryAfterSeconds: typeof seconds === 'number' ? seconds : null,
  };
}

/** Makes a failure that the panel itself has found. */
export function panelFailure(
  code: ErrorCode,
  message: string,
  hint: string | null = null,
  reference: string | null = null,
): Failure {
  return { code, message, hint, reference, retryAfterSeconds: null, details: {} };
}

function isFailure(error: unknown): error is Failure {
  return typeof error === 'object' && error !== null && 'code' in error && 'hint' in error && 'reference' in error;
}

function unexpected(error: unknown): Failure {
  // Useless to the person at the screen, but not to a developer.
  console.error(error);
  return panelFailure('UNEXPECTED', words.failure.unforeseen, words.failure.unforeseenHint);
}
