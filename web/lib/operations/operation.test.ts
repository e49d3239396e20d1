import { expect, test } from 'bun:test';
import { operationTitle } from './operation.ts';

test('an operation bears its name from the moment it waits', () => {
  const queued = (parameters: Record<string, unknown>) => operationTitle({ kind: 'backup', archive: null, parameters });
  expect(queued({ name: 'evening' })).toBe('Backup to evening.zip');
  expect(queued({ name: 'evening.zip' })).toBe('Backup to evening.zip');
  expect(queued({})).toBe('Backup of all tables');
  expect(queued({ tables: ['public.staff', 'loans'] })).toBe('Backup of staff and loans');
  const parameters = { name: 'evening' };
  expect(operationTitle({ kind: 'backup', archive: 'evening.zip', parameters })).toBe(queued(parameters));
  expect(operationTitle({ kind: 'restore', archive: 'a.zip', parameters: {} })).toBe('Restore from a.zip');
  expect(operationTitle({ kind: 'verify', archive: 'a.zip', parameters: {} })).toBe('Verification of a.zip');
});
