import { afterEach, expect, test } from 'bun:test';
import { auditFilterOf, exportPath } from './audit-filter.ts';

const zone = process.env['TZ'];
afterEach(() => {
  process.env['TZ'] = zone ?? 'Etc/UTC';
});

test('days are whole days of the viewer, the last one included, also one of 25 hours', () => {
  process.env['TZ'] = 'America/New_York';
  expect(auditFilterOf({ from: '2026-10-31', to: '2026-11-01' })).toEqual({
    from: '2026-10-31T04:00:00.000Z',
    to: '2026-11-02T04:59:59.999Z',
  });
});

test('what is no day, no outcome or nothing is not asked for', () => {
  expect(auditFilterOf({ from: '2026-02-31', to: 'soon', outcome: 'perhaps', search: '', actor: '' })).toEqual({});
  expect(auditFilterOf({ from: '0000-01-01' })).toEqual({});
});

test('whatever an address says becomes something the server understands', () => {
  expect(auditFilterOf({ actor: 'half \ud800' })).toEqual({ actor: 'half \ufffd' });
  expect(auditFilterOf({ search: 'a\u0007b', action: 'x'.repeat(300) })).toEqual({
    search: 'a b',
    action: 'x'.repeat(100),
  });
});

test('the file holds what the page asks for', () => {
  expect(exportPath({})).toBe('/api/audit.csv');
  expect(exportPath(auditFilterOf({ actor: 'a&b@c.d', outcome: 'denied' }))).toBe(
    '/api/audit.csv?outcome=denied&actor=a%26b%40c.d',
  );
});
