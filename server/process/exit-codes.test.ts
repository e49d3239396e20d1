import { expect, test } from 'bun:test';
import { ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts';

test('every error code has an exit code that --help explains, and none of them is success', () => {
  for (const code of Object.keys(ERROR_FAMILIES) as ErrorCode[]) {
    expect(exitCodeOf(code)).not.toBe(0 as never);
    expect(EXIT_CODES).toHaveProperty(String(exitCodeOf(code)));
  }
});

test('each family of failures has its own exit code', () => {
  const codes = (
    [
      'UNEXPECTED',
      'DATABASE_UNREACHABLE',
      'DISK_FULL',
      'USAGE',
      'ARCHIVE_DAMAGED',
      'OPERATION_IN_PROGRESS',
      'RESTORE_REFUSED',
      'CANCELLED',
    ] as const
  ).map(exitCodeOf);
  expect(codes).toEqual([1, 2, 3, 4, 5, 6, 7, 130]);
});
