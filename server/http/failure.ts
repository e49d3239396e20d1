import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { AppError, type ErrorCode, type FailureBody, failureBody } from '../core/errors.ts';
import { routeClass } from './route-class.ts';
import { statusOf, trpcCodeOf } from './status.ts';

/** A failure ready to be sent. */
export interface FailureAnswer {
  status: ContentfulStatusCode;
  headers: Record<string, string>;
  body: object;
}

/**
 * Turns an error of ours into a response. Under `/trpc` it has tRPC's own shape with ours inside, so that a request
 * refused before any procedure fails in the client like any other. Never holds a stack or the message of an unexpected
 * error.
 */
export function failureAnswer(error: AppError, where: { path: string; now: Date; status?: number }): FailureAnswer {
  const status = (where.status ?? statusOf(error.code)) as ContentfulStatusCode;
  const body = failureBody(error, where.now);
  const retryAfter = error.details?.['retryAfterSeconds'];
  return {
    status,
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="Palace Backup"' }),
      ...(error.code === 'RATE_LIMITED' && {
        'Retry-After': String(typeof retryAfter === 'number' ? Math.max(1, Math.ceil(retryAfter)) : 60),
      }),
    },
    body: routeClass(where.path) === 'trpc' ? trpcBody(body, status) : body,
  };
}

function trpcBody(backup: FailureBody, httpStatus: number): object {
  const code = trpcCodeOf(httpStatus);
  return {
    error: { message: backup.error.message, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus, backup } },
  };
}

/**
 * Turns anything thrown into an error of ours; `status` is set when the thrower had a more precise one than the code's.
 */
export function asFailure(thrown: unknown, requestId: string): { error: AppError; status?: number } {
  if (thrown instanceof AppError) return { error: thrown };
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return {
      error: new AppError(codeOf(thrown.status), 'The request cannot be understood.', {
        hint: 'Compare it with what the client of this package sends.',
      }),
      status: thrown.status,
    };
  }
  const error = new AppError('UNEXPECTED', 'Something failed that this program did not foresee.', {
    cause: thrown,
    hint: `Look for the request ${requestId} in the server's log.`,
  });
  return { error };
}

/** Returns the error for a method that a route does not have. */
export function wrongMethod(method: string, path: string, allowed: string): AppError {
  return new AppError('USAGE', `${method} cannot be done with ${path}.`, { hint: `It takes ${allowed}.` });
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 413:
      return 'TOO_LARGE';
    case 429:
      return 'RATE_LIMITED';
    default:
      return 'INPUT_INVALID';
  }
}
