import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc';
import { ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';

/** HTTP statuses a failure can have by its code. */
export type FailureStatus = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503;

const OF_CODE: Partial<Record<ErrorCode, FailureStatus>> = {
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  UNEXPECTED: 500,
};

/** Returns the HTTP status of a failure, the same on every route and procedure. */
export function statusOf(code: ErrorCode): FailureStatus {
  const own = OF_CODE[code];
  if (own !== undefined) return own;
  const family = ERROR_FAMILIES[code];
  switch (family) {
    case 'validation':
      return 400;
    case 'permission':
      return 403;
    case 'system':
      return 503;
    case 'business':
      return 409;
    default:
      return family satisfies never;
  }
}

const TRPC_CODES: Partial<Record<number, TRPC_ERROR_CODE_KEY>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
} satisfies Record<FailureStatus, TRPC_ERROR_CODE_KEY>;

/**
 * Returns tRPC's code for a status, by which its clients retry or do not; INTERNAL_SERVER_ERROR for a status no failure
 * of ours has.
 */
export function trpcCodeOf(status: number): TRPC_ERROR_CODE_KEY {
  return TRPC_CODES[status] ?? 'INTERNAL_SERVER_ERROR';
}
