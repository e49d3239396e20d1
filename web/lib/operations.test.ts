import { expect, test } from 'bun:test';
import { titleOf } from './operations.ts';

test('an operation bears its name from the moment it waits', () => {
  const queued = (parameters: Record<string, unknown>) => titleOf({ kind: 'backup', archive: null, parameters });
  expect(queued({ name: 'evening' })).toBe('Backup to evening.zip');
  expect(queued({ name: 'evening.zip' })).toBe('Backup to evening.zip');
  expect(queued({})).toBe('Backup of all tables');
  expect(queued({ tables: ['public.staff', 'loans'] })).toBe('Backup of staff and loans');
  const parameters = { name: 'evening' };
  expect(titleOf({ kind: 'backup', archive: 'evening.zip', parameters })).toBe(queued(parameters));
  expect(titleOf({ kind: 'restore', archive: 'a.zip', parameters: {} })).toBe('Restore from a.zip');
  expect(titleOf({ kind: 'verify', archive: 'a.zip', parameters: {} })).toBe('Verification of a.zip');
});
