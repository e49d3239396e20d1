import { expect, test } from 'bun:test';
import { ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { statusOf, trpcCodeOf } from './status.ts';

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

test('trpcCodeOf() has a word of its own for every status a failure can have', () => {
  const statuses = new Set((Object.keys(ERROR_FAMILIES) as ErrorCode[]).map(statusOf));
  expect(new Set([...statuses].map(trpcCodeOf)).size).toBe(statuses.size);
  expect([trpcCodeOf(409), trpcCodeOf(500), trpcCodeOf(418)]).toEqual([
    'CONFLICT',
    'INTERNAL_SERVER_ERROR',
    'INTERNAL_SERVER_ERROR',
  ]);
});
