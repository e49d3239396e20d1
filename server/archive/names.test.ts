import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { chunkName, decodeNamePart, encodeNamePart, parseChunkName } from './names.ts';

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

test('encodeNamePart() is undone by decodeNamePart() for every name', () => {
  fc.assert(fc.property(anyName, (name) => decodeNamePart(encodeNamePart(name)) === name));
});

test('encodeNamePart() leaves nothing but lower-case letters, digits, underscores and percent signs with upper-case hex', () => {
  fc.assert(fc.property(anyName, (name) => /^([a-z0-9_]|%[0-9A-F]{2})+$/.test(encodeNamePart(name))));
  expect(encodeNamePart('Ä "x".%/..')).toBe('%C3%84%20%22x%22%2E%25%2F%2E%2E');
});

test('parseChunkName() gives back what chunkName() was given', () => {
  const parts = [
    anyName,
    anyName,
    fc.integer({ min: 1, max: 2_000_000 }),
    fc.constantFrom('csv' as const, 'copy' as const),
  ] as const;
  fc.assert(
    fc.property(...parts, (schema, name, number, format) => {
      expect(parseChunkName(chunkName({ schema, name }, number, format))).toEqual({
        table: { schema, name },
        number,
        format,
      });
    }),
  );
});

test('chunkName() writes five digits and more when they are needed', () => {
  expect(chunkName({ schema: 'public', name: 'staff' }, 1, 'csv')).toBe('data/public.staff/00001.csv');
  expect(chunkName({ schema: 'public', name: 'staff' }, 123_456, 'copy')).toBe('data/public.staff/123456.copy');
});

test('parseChunkName() refuses names that chunkName() would not have written', () => {
  const hostile = [
    'data/public.staff/00000.csv',
    'data/public.staff/000001.csv',
    'data/public.staff/1.csv',
    'data/public.Staff/00001.csv',
    'data/public.%73taff/00001.csv',
    'data/public.%e4/00001.csv',
    'data/public.%FF/00001.csv',
    'data/../00001.csv',
    '/data/public.staff/00001.csv',
    'data/public.staff/00001.csv\0',
    'data\\public.staff\\00001.csv',
  ];
  for (const name of hostile) expect(parseChunkName(name)).toBeNull();
});
