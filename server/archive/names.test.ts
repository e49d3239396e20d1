import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { chunkName, chunkNumber, encodeNamePart, isChunkName } from './names.ts';

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
/** Names as long as PostgreSQL allows, mostly of letters that take three characters per byte. */
const longName = fc.string({ unit: fc.constantFrom('б', 'я', 'ж', '名', 'x', '.'), minLength: 15, maxLength: 31 });
const table = fc.record({ schema: fc.oneof(anyName, longName), name: fc.oneof(anyName, longName) });
const number = fc.integer({ min: 1, max: 2_000_000 });
const format = fc.constantFrom('csv' as const, 'copy' as const);

test('encodeNamePart() can be undone by any program that knows percent-encoding', () => {
  fc.assert(fc.property(anyName, (name) => decodeURIComponent(encodeNamePart(name)) === name));
});

test('encodeNamePart() leaves nothing but lower-case letters, digits, underscores and percent signs with upper-case hex', () => {
  fc.assert(fc.property(anyName, (name) => /^([a-z0-9_]|%[0-9A-F]{2})+$/.test(encodeNamePart(name))));
  expect(encodeNamePart('Ä "x".%/..')).toBe('%C3%84%20%22x%22%2E%25%2F%2E%2E');
});

test('promise 9: no part of a chunk’s path passes 255 bytes, whatever the names, and `%` always begins a whole code', () => {
  fc.assert(
    fc.property(table, number, format, (one, n, kind) => {
      const parts = chunkName(one, n, kind).split('/');
      expect(parts).toHaveLength(3);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(255);
        expect(part).toMatch(/^([a-z0-9_.~]|%[0-9A-F]{2})+$/);
      }
    }),
  );
});

test('two tables never share a folder, also where the beginning of their long names is the same', () => {
  fc.assert(
    fc.property(table, table, (one, other) => {
      fc.pre(one.schema !== other.schema || one.name !== other.name);
      expect(chunkName(one, 1, 'csv').toLowerCase()).not.toBe(chunkName(other, 1, 'csv').toLowerCase());
    }),
  );
  const [schema, name] = ['б'.repeat(31), 'я'.repeat(30)];
  expect(chunkName({ schema, name: `${name}1` }, 1, 'csv')).not.toBe(chunkName({ schema, name: `${name}2` }, 1, 'csv'));
});

test('chunkName() writes five digits and more when they are needed, and chunkNumber() reads them', () => {
  expect(chunkName({ schema: 'public', name: 'staff' }, 1, 'csv')).toBe('data/public.staff/00001.csv');
  expect(chunkName({ schema: 'public', name: 'staff' }, 123_456, 'copy')).toBe('data/public.staff/123456.copy');
  fc.assert(fc.property(table, number, format, (one, n, kind) => chunkNumber(chunkName(one, n, kind)) === n));
  expect(chunkNumber('README.txt')).toBeNull();
});

test('isChunkName() takes the name of today and, for long names, that of format 1.0, and no other', () => {
  const staff = { schema: 'public', name: 'staff' };
  expect(isChunkName('data/public.staff/00002.csv', staff, 2, 'csv')).toBe(true);
  const long = { schema: 'бухгалтерия_и_расчёты_персонал', name: 'история_изменений_сотрудников_' };
  const former = `data/${encodeNamePart(long.schema)}.${encodeNamePart(long.name)}/00001.csv`;
  expect(former.split('/')[1]?.length).toBeGreaterThan(255);
  expect(isChunkName(former, long, 1, 'csv')).toBe(true);
  expect(isChunkName(chunkName(long, 1, 'csv'), long, 1, 'csv')).toBe(true);
  const hostile = [
    'data/public.staff/00001.csv',
    'data/public.staff/000002.csv',
    'data/public.staff/2.csv',
    'data/public.staff/00002.copy',
    'data/public.Staff/00002.csv',
    'data/public.%73taff/00002.csv',
    'data/../00002.csv',
    '/data/public.staff/00002.csv',
    'data/public.staff/00002.csv\0',
    'data\\public.staff\\00002.csv',
  ];
  for (const name of hostile) expect(isChunkName(name, staff, 2, 'csv')).toBe(false);
});
