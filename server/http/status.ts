import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ERROR_FAMILIES, type ErrorCode } from '../errors.ts';

const OF_CODE: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  TOO_LARGE: 413,
  UNAUTHENTICATED: 401,
  RATE_LIMITED: 429,
  UNEXPECTED: 500,
};

/** The HTTP status of a failure. */
export function statusOf(code: ErrorCode): ContentfulStatusCode {
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
