import { ERROR_FAMILIES, type ErrorCode } from '../errors.ts';

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

/** The HTTP status of a failure, the same on every route and procedure. */
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
