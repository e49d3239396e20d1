import { expect, test } from 'bun:test';
import { ERROR_FAMILIES, type ErrorCode } from '../errors.ts';
import { statusOf } from './status.ts';

test('statusOf() gives every code the status its kind of failure has', () => {
  const table: Partial<Record<ErrorCode, number>> = {
    USAGE: 400,
    INPUT_INVALID: 400,
    UNAUTHENTICATED: 401,
    FORBIDDEN: 403,
    STEP_UP_REQUIRED: 403,
    PERMISSION_DENIED: 403,
    NOT_FOUND: 404,
    ALREADY_EXISTS: 409,
    OPERATION_IN_PROGRESS: 409,
    TOO_LARGE: 413,
    RATE_LIMITED: 429,
    UNEXPECTED: 500,
    DATABASE_UNREACHABLE: 503,
    DISK_FULL: 503,
  };
  for (const code of Object.keys(table) as ErrorCode[]) {
    expect({ code, status: statusOf(code) as number | undefined }).toEqual({ code, status: table[code] });
  }
  for (const code of Object.keys(ERROR_FAMILIES) as ErrorCode[]) expect(statusOf(code)).toBeWithin(400, 504);
});
