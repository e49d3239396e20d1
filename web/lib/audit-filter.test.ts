import { expect, test } from 'bun:test';
import { auditExport, auditFilterOf } from './audit-filter.ts';

test('days are whole days of the viewer, the last one included', () => {
  const { from, to } = auditFilterOf({ from: '2026-11-01', to: '2026-11-23' });
  expect(new Date(String(from))).toEqual(new Date(2026, 10, 1));
  expect(new Date(String(to))).toEqual(new Date(new Date(2026, 10, 24).getTime() - 1));
});

test('what is no day, no outcome or nothing is not asked for', () => {
  expect(auditFilterOf({ from: '2026-02-31', to: 'soon', outcome: 'perhaps', search: '', actor: '' })).toEqual({});
  expect(auditFilterOf({ from: '0000-01-01' })).toEqual({});
});

test('whatever an address says becomes something the server understands', () => {
  expect(auditFilterOf({ search: 'a\u0007b', action: 'x'.repeat(300) })).toEqual({
    search: 'a b',
    action: 'x'.repeat(100),
  });
});

test('the file holds what the page asks for', () => {
  expect(auditExport({})).toBe('/api/audit.csv');
  expect(auditExport(auditFilterOf({ actor: 'a&b@c.d', outcome: 'denied' }))).toBe(
    '/api/audit.csv?outcome=denied&actor=a%26b%40c.d',
  );
});
