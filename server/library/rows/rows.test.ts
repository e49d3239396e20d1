import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { sensitivityElsewhere } from '../../../db/hrms/policy.ts';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import { NASTY_TABLE } from '../../archive/recovery/recovery.fixture.ts';
import { sampleArchive } from '../../archive/sample.fixture.ts';
import { AppError } from '../../core/errors.ts';
import { forever, readerOf, rowsOf, storeArchive, withColumns } from './rows.fixture.ts';

/** Makes a table of the HRMS, whose `id` and `name` say nothing about a person. */
const categories = (...rows: string[]) => ({
  table: 'categories',
  rows: rows.length,
  content: `id,name\n${rows.join('')}`,
});
const many = (from: number, count: number) =>
  categories(...Array.from({ length: count }, (_, index) => `${from + index},name ${from + index}\n`));

describe('the rows of a table', () => {
  test('are answered chunk by chunk and page by page, with the rows of every chunk for who counts pages', async () => {
    const { read } = await rowsOf({ chunks: [many(1, 120), many(121, 30)] });
    const first = await read({ table: 'categories' });
    expect(first).toMatchObject({ chunk: 1, chunks: [120, 30], matched: 120, offset: 0, limit: 50, cut: [] });
    expect(first.rows.map(([id]) => id)).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 1)));
    expect((await read({ table: 'categories', offset: 100 })).rows).toHaveLength(20);
    expect((await read({ table: 'categories', chunk: 2, offset: 29 })).rows).toEqual([['150', 'name 150']]);
    expect(await read({ table: 'categories', chunk: 2, offset: 30 })).toMatchObject({ rows: [], matched: 30 });
  });

  for (const method of ['deflate', 'zstd'] as const)
    test(`are the same from CSV and from COPY text, ${method}, NULL apart from the empty string`, async () => {
      const rows = [
        ['1', null],
        ['2', ''],
        ['3', 'a\n\\.\nb'],
        ['4', 'say "ah", twice\t'],
      ];
      const csv = 'id,name\n1,\n2,""\n3,"a\n\\.\nb"\n4,"say ""ah"", twice\t"\n';
      const copy = '1\t\\N\n2\t\n3\ta\\n\\\\.\\nb\n4\tsay "ah", twice\\t\n';
      const { read } = await rowsOf({
        method,
        chunks: [
          { table: 'categories', rows: 4, content: csv },
          { table: 'categories', rows: 4, format: 'copy', content: copy },
        ],
      });
      expect((await read({ table: 'categories' })).rows).toEqual(rows);
      expect((await read({ table: 'categories', chunk: 2 })).rows).toEqual(rows);
    });

  test('of a table without any are none, and a chunk that is not there is NOT_FOUND', async () => {
    const { read } = await rowsOf({
      chunks: [many(1, 2)],
      change: (manifest) => ({
        ...manifest,
        tables: manifest.tables.flatMap((table) => [
          table,
          { ...table, name: 'staff', key: 'staff', rows: 0, bytes: 0 },
        ]),
      }),
    });
    expect(await read({ table: 'staff' })).toMatchObject({ chunks: [], rows: [], matched: 0 });
    expect(await codeOf(read({ table: 'staff', chunk: 2 }))).toBe('NOT_FOUND');
    expect(await codeOf(read({ table: 'categories', chunk: 2 }))).toBe('NOT_FOUND');
    expect(await codeOf(read({ table: 'nothing' }))).toBe('NOT_FOUND');
  });

  test('of frozen archives are read by names that want to be commands, in other schemas', async () => {
    for (const file of ['format-1.0-deflate.zip', 'format-1.0-zstd.zip']) {
      const bytes = await Bun.file(join(import.meta.dir, '../../archive/fixtures', file)).bytes();
      const { storage } = await storeArchive(bytes);
      const page = await readerOf(storage).read(
        { name: 'a.zip', digest: null },
        { table: `Other Schema.${NASTY_TABLE}`, chunk: 1, offset: 0, limit: 50, revealed: [] },
        forever,
      );
      expect(page.columns.every(({ sensitivity, hidden }) => sensitivity === 'unknown' && hidden)).toBe(true);
      expect(page.rows.length).toBe(page.matched);
      expect(page.rows.length).toBeGreaterThan(0);
      expect(page.rows.flat().every((value) => value === null)).toBe(true);
    }
  });

  test('with a value nobody reads to its end are cut, and told as cut', async () => {
    const { read } = await rowsOf({ chunks: [categories(`1,${'é'.repeat(5000)}\n`)] });
    const { rows, cut } = await read({ table: 'categories' });
    expect(rows[0]?.[1]).toBe('é'.repeat(2000));
    expect(cut).toEqual([{ row: 0, column: 1, bytes: 10_000 }]);
  });

  test('of a table with very many columns are asked for in smaller pages', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    const content = `${names.join(',')}\n${names.join(',')}\n`;
    const { read } = await rowsOf({
      chunks: [{ table: 'categories', rows: 1, content }],
      change: withColumns(...names),
    });
    expect(await codeOf(read({ table: 'categories', limit: 101 }))).toBe('INPUT_INVALID');
    expect((await read({ table: 'categories', limit: 100 })).rows).toHaveLength(1);
  });

  test('leave out computed columns, which no archive stores', async () => {
    const { read } = await rowsOf({
      chunks: [categories('1,one\n')],
      change: (manifest) => ({
        ...manifest,
        tables: manifest.tables.map((table) => ({
          ...table,
          columns: table.columns.flatMap((column) => [
            {
              ...column,
              name: `${column.name}2`,
              key: `${column.name}2`,
              generated: { expression: '1', kind: 'stored' },
            },
            column,
          ]),
        })),
      }),
    });
    const page = await read({ table: 'categories' });
    expect(page.columns.map(({ name }) => name)).toEqual(['id', 'name']);
    expect(page.rows).toEqual([['1', 'one']]);
  });
});

describe('searching', () => {
  test('finds text in any column that is shown, whatever its case and its accents, and counts what it finds', async () => {
    const { read } = await rowsOf({
      chunks: [categories('1,Finance\n', '2,\n', '3,"Ade\u0301wale, FINANCE"\n', '4,Other\n')],
    });
    const found = await read({ table: 'categories', search: 'finance', limit: 1 });
    expect(found).toMatchObject({ matched: 2, rows: [['1', 'Finance']] });
    expect((await read({ table: 'categories', search: 'finance', offset: 1 })).rows.map(([id]) => id)).toEqual(['3']);
    expect((await read({ table: 'categories', search: 'AD\u00c9WALE' })).rows.map(([id]) => id)).toEqual(['3']);
    expect((await read({ table: 'categories', search: 'adewale' })).rows.map(([id]) => id)).toEqual(['3']);
    expect((await read({ table: 'categories', search: '4' })).rows.map(([id]) => id)).toEqual(['4']);
    expect((await read({ table: 'categories', search: 'null' })).matched).toBe(0);
  });

  test('asks the chunk alone, and what is cut out of sight as well', async () => {
    const { read } = await rowsOf({ chunks: [categories(`1,${'x'.repeat(9000)}needle\n`), categories('2,needle\n')] });
    expect((await read({ table: 'categories', search: 'needle' })).rows.map(([id]) => id)).toEqual(['1']);
  });

  test('answers as going through all rows by hand would, whatever page is asked for', async () => {
    const names = fc.array(fc.option(fc.string({ unit: fc.constantFrom('a', 'B', 'é', ' '), maxLength: 4 })), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.nat(35),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('a', 'b', 'É', 'ab', 'e'),
        async (values, offset, limit, search) => {
          const lines = values.map((value, index) => `r${index},${value === null ? '' : `"${value}"`}\n`);
          const { read } = await rowsOf({ chunks: [categories(...lines)] });
          const expected = values.flatMap((value, index) =>
            value?.toLowerCase().replaceAll('é', 'e').includes(search.toLowerCase().replace('é', 'e'))
              ? [[`r${index}`, value]]
              : [],
          );
          const page = await read({ table: 'categories', offset, limit, search });
          expect(page).toMatchObject({ matched: expected.length, rows: expected.slice(offset, offset + limit) });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('hidden columns', () => {
  const admins = {
    chunks: [{ table: 'admins', rows: 2, content: 'id,email,password,added\na1,ada@x,$2b$hash,later\na2,,,\n' }],
    change: withColumns('id', 'email', 'password', 'added'),
  };

  test('are what the policy calls personal, financial or secret, and what it does not know', async () => {
    const { read } = await rowsOf(admins);
    const page = await read({ table: 'admins' });
    expect(page.columns.map(({ name, sensitivity, hidden }) => [name, sensitivity, hidden])).toEqual([
      ['id', 'ordinary', false],
      ['email', 'personal', true],
      ['password', 'secret', true],
      ['added', 'unknown', true],
    ]);
    // Not even the existence of a value is told.
    expect(page.rows).toEqual([
      ['a1', null, null, null],
      ['a2', null, null, null],
    ]);
  });

  test('are all of them in a database of another application, also where a table is called as one of the HRMS', async () => {
    const { read } = await rowsOf(admins, sensitivityElsewhere);
    const page = await read({ table: 'admins', search: 'a1' });
    expect(page).toMatchObject({ rows: [], matched: 0 });
    expect(page.columns.map(({ sensitivity, hidden }) => [sensitivity, hidden])).toEqual([
      ['unknown', true],
      ['personal', true],
      ['secret', true],
      ['unknown', true],
    ]);
    expect((await read({ table: 'admins', revealed: ['id'] })).rows).toHaveLength(2);
    expect(await codeOf(read({ table: 'admins', revealed: ['password'] }))).toBe('FORBIDDEN');
  });

  test('are never searched: what matches says nothing of them', async () => {
    const { read } = await rowsOf(admins);
    for (const search of ['ada@x', 'hash', 'later']) expect((await read({ table: 'admins', search })).matched).toBe(0);
    expect((await read({ table: 'admins', search: 'ada@x', revealed: ['email'] })).matched).toBe(1);
    expect((await read({ table: 'admins', search: 'hash', revealed: ['email', 'added'] })).matched).toBe(0);
  });

  test('are shown when they are asked for, but for secret ones; unknown ones are refused', async () => {
    const { read } = await rowsOf(admins);
    const page = await read({ table: 'admins', revealed: ['email', 'added', 'id'] });
    expect(page.rows).toEqual([
      ['a1', 'ada@x', null, 'later'],
      ['a2', null, null, null],
    ]);
    expect(page.columns.map(({ hidden }) => hidden)).toEqual([false, false, true, false]);
    expect(await codeOf(read({ table: 'admins', revealed: ['password'] }))).toBe('FORBIDDEN');
    expect(await codeOf(read({ table: 'admins', revealed: ['nothing'] }))).toBe('INPUT_INVALID');
  });
});

describe('an archive that cannot be read', () => {
  test('is refused by naming table and chunk when a chunk is damaged, while the others are still read', async () => {
    const { bytes, digest, manifest } = await sampleArchive({ chunks: [many(1, 40), many(41, 40)] });
    const [first] = manifest.entries;
    const damaged = Uint8Array.from(bytes);
    const offset = 30 + (first?.name.length ?? 0) + 5;
    damaged[offset] = (damaged[offset] ?? 0) ^ 1;
    const { storage } = await storeArchive(damaged);
    const reader = readerOf(storage);
    const read = (chunk: number) =>
      reader.read(
        { name: 'a.zip', digest },
        { table: 'categories', chunk, offset: 0, limit: 50, revealed: [] },
        forever,
      );
    const error = await read(1).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      code: 'ARCHIVE_DAMAGED',
      message: expect.stringContaining('Chunk 1 of table public.categories'),
    });
    expect((await read(2)).rows).toHaveLength(40);
  });

  test('is ARCHIVE_DAMAGED when its rows are not what the manifest says, and ARCHIVE_INVALID when they are no text', async () => {
    const { read } = await rowsOf({
      chunks: [
        { table: 'categories', rows: 3, content: 'id,name\n1,one\n2,two\n' },
        { table: 'categories', rows: 1, content: 'id,name\n1,"one\n' },
        { table: 'categories', rows: 1, content: Buffer.from('id,name\n1,\xff\n', 'latin1') },
      ],
    });
    expect(await codeOf(read({ table: 'categories' }))).toBe('ARCHIVE_DAMAGED');
    expect(await codeOf(read({ table: 'categories', chunk: 2 }))).toBe('ARCHIVE_DAMAGED');
    expect(await codeOf(read({ table: 'categories', chunk: 3 }))).toBe('ARCHIVE_INVALID');
  });

  test('is not read at all where a chunk is larger than anybody can look at', async () => {
    const { read } = await rowsOf({ chunks: [categories(`1,${'x'.repeat(17 * 1024 * 1024)}\n`), many(1, 3)] });
    expect(await codeOf(read({ table: 'categories' }))).toBe('ARCHIVE_LIMIT');
    expect((await read({ table: 'categories', chunk: 2 })).rows).toHaveLength(3);
  });

  test('is given up when nobody waits for it any more', async () => {
    const { read } = await rowsOf({ chunks: [many(1, 60_000)] });
    // Reads the chunk first, so that only searching it remains.
    await read({ table: 'categories' });
    const control = new AbortController();
    const reading = codeOf(read({ table: 'categories', search: 'not there' }, control.signal));
    control.abort();
    expect(await reading).toBe('CANCELLED');
  });
});

test('others have their turn while rows are looked through, however little each row holds', async () => {
  const rows = 120_000;
  const { read } = await rowsOf({
    chunks: [
      { table: 'categories', rows, content: `id\n${'""\n'.repeat(rows)}` },
      { table: 'categories', rows, format: 'copy', content: '\n'.repeat(rows) },
    ],
    change: withColumns('id'),
  });
  for (const chunk of [1, 2]) {
    // Reads the chunk first, so that only searching it remains.
    await read({ table: 'categories', chunk });
    let turns = 0;
    let timer: NodeJS.Immediate;
    const count = () => {
      turns += 1;
      timer = setImmediate(count);
    };
    timer = setImmediate(count);
    expect((await read({ table: 'categories', chunk, search: 'not there' })).matched).toBe(0);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(5);
  }
});

test('the chunk that was read last is read once, whatever is asked of it; another archive under its name is read anew', async () => {
  const { read, opened } = await rowsOf({ chunks: [many(1, 120), many(121, 5)] });
  await read({ table: 'categories' });
  await read({ table: 'categories', offset: 50 });
  await read({ table: 'categories', search: '99' });
  expect(opened()).toBe(1);
  await read({ table: 'categories', chunk: 2 });
  expect(opened()).toBe(2);

  const { bytes } = await sampleArchive({ chunks: [many(1, 1)] });
  const { storage, opened: again } = await storeArchive(bytes);
  const reader = readerOf(storage);
  const query = { table: 'categories', chunk: 1, offset: 0, limit: 50, revealed: [] };
  for (const digest of ['one', 'two', null]) await reader.read({ name: 'a.zip', digest }, query, forever);
  expect(again()).toBe(3);
});
