import { expect, test } from 'bun:test';
import { requestIdOf } from './request-id.ts';

test('requestIdOf() takes over an id that is fit for a log, from a trusted proxy only', () => {
  const fresh = () => 'fresh';
  expect(requestIdOf('a1b2c3d4-e5', true, fresh)).toBe('a1b2c3d4-e5');
  expect(requestIdOf('a1b2c3d4-e5', false, fresh)).toBe('fresh');
  for (const given of [null, '', 'short', 'x'.repeat(65), 'with space', 'line\nbreak', '"quoted"']) {
    expect(requestIdOf(given, true, fresh)).toBe('fresh');
  }
});
