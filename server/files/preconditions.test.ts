import { expect, test } from 'bun:test';
import { checkConditions, rangeAllowed, type Verdict } from './preconditions.ts';

const now = { etag: '"abc"', lastModified: new Date('2026-11-23T09:30:15.900Z') };
const same = 'Mon, 23 Nov 2026 09:30:15 GMT';
const before = 'Mon, 23 Nov 2026 09:30:14 GMT';
const header = (headers: Record<string, string>) => (name: string) => headers[name];

test('checkConditions() tells a client that has the bytes from one that wants others', () => {
  const cases: [Record<string, string>, Verdict][] = [
    [{}, 'go on'],
    [{ 'if-none-match': '"abc"' }, 'fresh'],
    [{ 'if-none-match': 'W/"abc"' }, 'fresh'],
    [{ 'if-none-match': '"x", "abc"' }, 'fresh'],
    [{ 'if-none-match': '*' }, 'fresh'],
    [{ 'if-none-match': '"x"' }, 'go on'],
    [{ 'if-none-match': '"x"', 'if-modified-since': same }, 'go on'],
    [{ 'if-modified-since': same }, 'fresh'],
    [{ 'if-modified-since': before }, 'go on'],
    [{ 'if-modified-since': 'nonsense' }, 'go on'],
    [{ 'if-match': '"abc"' }, 'go on'],
    [{ 'if-match': '*' }, 'go on'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-unmodified-since': same }, 'go on'],
    [{ 'if-unmodified-since': before }, 'failed'],
    [{ 'if-match': '"abc"', 'if-unmodified-since': before }, 'go on'],
  ];
  expect(cases.map(([headers]) => [headers, checkConditions(header(headers), now)])).toEqual(cases);
});

test('rangeAllowed() holds only for exactly these bytes', () => {
  expect(rangeAllowed(header({}), now)).toBe(true);
  expect(rangeAllowed(header({ 'if-range': '"abc"' }), now)).toBe(true);
  expect(rangeAllowed(header({ 'if-range': same }), now)).toBe(true);
  for (const other of ['W/"abc"', '"x"', '*', before, 'nonsense', '']) {
    expect([other, rangeAllowed(header({ 'if-range': other }), now)]).toEqual([other, false]);
  }
});
