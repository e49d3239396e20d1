import { expect, test } from 'bun:test';
import { tokenState } from './token-state.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const token = { revokedAt: null, expiresAt: '2026-11-24T12:00:00Z', isActive: true };

test('a token is valid until it is revoked, expires or its owner may not sign in', () => {
  expect(tokenState(token, NOW)).toBe('valid');
  expect(tokenState({ ...token, isActive: false }, NOW)).toBe('ownerless');
  expect(tokenState({ ...token, expiresAt: NOW.toISOString() }, NOW)).toBe('expired');
});

test('what can never count again is said before what may', () => {
  const gone = { ...token, isActive: false, expiresAt: '2026-01-01T00:00:00Z' };
  expect(tokenState(gone, NOW)).toBe('expired');
  expect(tokenState({ ...gone, revokedAt: '2025-12-01T00:00:00Z' }, NOW)).toBe('revoked');
});
