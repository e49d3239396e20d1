import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { sensitivityOf } from '../../../db/hrms/policy.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import { copyValue, csvValue } from '../../archive/rows/written.fixture.ts';
import { type SampleOptions, sampleArchive } from '../../archive/sample.fixture.ts';
import { foldText } from '../rows/fold-text.ts';
import { forever, readerOf, storeArchive, withColumns } from '../rows/rows.fixture.ts';
import type { SearchQuery, SearchStep } from './archive-search.ts';
import { ChunkScan } from './chunk-scan.ts';
import { createNeedle } from './needle.ts';

type Value = string | null;

/** Returns a chunk as PostgreSQL writes it. */
function chunkOf(table: string, rows: Value[][], format: 'csv' | 'copy', columns: string[]) {
  const lines = rows.map((row) =>
    format === 'csv' ? row.map((value) => csvValue(value, row.length === 1)).join(',') : row.map(copyValue).join('\t'),
  );
  const head = format === 'csv' ? [columns.join(',')] : [];
  return { table, format, rows: rows.length, content: [...head, ...lines].map((line) => `${line}\n`).join('') };
}

async function searched(options: SampleOptions, query: Partial<SearchQuery> & { text: string }, signal = forever) {
  const { bytes } = await sampleArchive(options);
  const { storage } = await storeArchive(bytes);
  const steps: SearchStep[] = [];
  const all = { people: false, limit: 1000, ...query };
  for await (const step of readerOf(storage).search('a.zip', all, 'Ada', signal)) steps.push(step);
  const last = steps.at(-1);
  return {
    steps,
    hits: steps.flatMap(({ hits }) => hits),
    unsearched: steps.flatMap(({ unsearched }) => unsearched),
    end: last?.end,
    next: last?.next ?? undefined,
    last,
  };
}

/**
 * Columns of the first table, which the manifest gives to both tables: in the second, the policy does not know some
 * names and hides them.
 */
const COLUMNS = ['id', 'email', 'password', 'name', 'description'];
/** Columns that nobody is hidden from in the first table. */
const ORDINARY = ['id', 'name', 'description'];

describe('a search of the whole archive', () => {
  test('finds exactly the rows that going through all of them by hand finds, in shown columns alone', async () => {
    const character = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...'abAB01 "",\n\r\t\\;') },
      fc.constantFrom(...'éÉẹọ\u0301\u0323ßıİſKÅςΣσäÄ한ㄱ漢😀हि\u093c\u0338='),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    );
    // Prefixes of the search text follow each other, with marks between.
    const alike = fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'á', '\u0301'), maxLength: 14 });
    const mixed = fc.array(character, { maxLength: 12 }).map((all) => all.join('').replaceAll('\0', ''));
    const text = fc.oneof(alike, mixed);
    const value = fc.option(fc.oneof(text, fc.constantFrom('', '\\.', '\\N', 'a'.repeat(300))), { freq: 8 });
    const chunksOf = (columns: string[]) => {
      const row = fc.array(value, { minLength: columns.length, maxLength: columns.length });
      const chunk = fc.record({
        table: fc.constantFrom('categories', 'admins'),
        format: fc.constantFrom('csv' as const, 'csv' as const, 'copy' as const),
        rows: fc.array(row, { maxLength: 12 }),
      });
      return fc.tuple(fc.constant(columns), fc.array(chunk, { minLength: 1, maxLength: 5 }));
    };
    const tables = fc.constantFrom(COLUMNS, ORDINARY).chain(chunksOf);
    await fc.assert(
      fc.asyncProperty(tables, text, fc.boolean(), fc.nat(), async ([columns, made], typed, people, pick) => {
        // Often searches for a text that occurs.
        const values = made.flatMap((one) => one.rows.flat()).filter((one) => one !== null);
        const some = values[pick % Math.max(1, values.length)] ?? typed;
        const sought =
          (pick % 3 === 0 ? typed : some.slice(pick % 5, (pick % 5) + 1 + (pick % 7))).toWellFormed() || 'a';
        const shown = (table: string, column: string) => {
          const sensitivity = sensitivityOf({ schema: 'public', name: table }, column);
          return sensitivity === 'ordinary' || (people && sensitivity !== 'secret');
        };
        const folded = foldText(sought);
        const cursors = new Map<string, { chunks: number; rows: number }>();
        const expected = made.flatMap(({ table, rows: all }) => {
          const before = cursors.get(table) ?? { chunks: 0, rows: 0 };
          const chunk = before.chunks + 1;
          cursors.set(table, { chunks: chunk, rows: before.rows + all.length });
          return all.flatMap((row, index) => {
            const matched = columns.filter((column, index) => {
              const one = row[index] ?? null;
              return shown(table, column) && one !== null && folded !== '' && foldText(one).includes(folded);
            });
            return matched.length > 0
              ? [{ table, chunk, row: index + 1, number: before.rows + index + 1, matched }]
              : [];
          });
        });
        const found = await searched(
          {
            chunks: made.map(({ table, format, rows: all }) => chunkOf(table, all, format, columns)),
            change: withColumns(...columns),
          },
          { text: sought, people },
        );
        const byTable = (one: { table: string }) => one.table;
        const hits = found.hits.map(({ cells, ...hit }) => ({
          ...hit,
          matched: cells.flatMap(({ column, matched }) => (matched ? [column] : [])),
        }));
        const order = (all: typeof hits) => Map.groupBy(all, byTable);
        expect(order(hits)).toEqual(order(expected));
        expect(found).toMatchObject({ end: 'complete', unsearched: [] });
        expect(found.last?.rows).toBe(folded === '' ? 0 : made.reduce((sum, one) => sum + one.rows.length, 0));
      }),
      { numRuns: campaign(150, 5000) },
    );
  });

  test('goes on where it ended early, until it has told each row once', async () => {
    const rows = Array.from({ length: 90 }, (_, index): Value[] => [`r${index}`, index % 3 === 0 ? 'Ada' : 'Bola']);
    const chunks = [rows.slice(0, 40), rows.slice(40, 41), rows.slice(41)].map((part) =>
      chunkOf('categories', part, 'csv', ['id', 'name']),
    );
    const whole = await searched({ chunks }, { text: 'ada' });
    expect(whole.hits.map(({ cells }) => cells[0]?.value)).toEqual(
      rows.flatMap(([id, name]) => (name === 'Ada' ? [String(id)] : [])),
    );
    for (const limit of [1, 7, 29, 30]) {
      const told: SearchStep['hits'] = [];
      let from: SearchQuery['from'];
      for (let end: unknown = 'limit'; end === 'limit'; ) {
        const part = await searched({ chunks }, { text: 'ada', limit, ...(from && { from }) });
        expect(part.hits.length).toBeLessThanOrEqual(limit);
        told.push(...part.hits);
        from = part.next;
        ({ end } = part);
      }
      expect(told).toEqual(whole.hits);
    }
    // Exactly the requested number exists, so the search is complete.
    expect(await searched({ chunks }, { text: 'ada', limit: 30 })).toMatchObject({ end: 'complete', next: undefined });
  });

  test('looks into the tables it is given alone, and refuses one that is not there', async () => {
    const chunks = ['categories', 'staff', 'loans'].map((table) =>
      chunkOf(table, [['Ada', 'x']], 'csv', ['id', 'name']),
    );
    const tablesOf = async (tables?: string[]) =>
      (await searched({ chunks }, { text: 'ada', ...(tables && { tables }) })).hits.map(({ table }) => table);
    expect(await tablesOf()).toEqual(['categories', 'staff', 'loans']);
    expect(await tablesOf(['public.loans', 'categories'])).toEqual(['categories', 'loans']);
    expect(await codeOf(tablesOf(['nowhere']))).toBe('NOT_FOUND');
  });

  test('shows of a long value the part around what was found, and of a wide row its first values and those with the text', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `c${index}`);
    const row = names.map((name, index) => (index === 29 ? `${'x'.repeat(5000)}NEEDLE${'y'.repeat(5000)}` : name));
    const { bytes } = await sampleArchive({
      chunks: [chunkOf('categories', [row], 'csv', names)],
      change: withColumns(...names),
    });
    const { storage } = await storeArchive(bytes);
    const reader = readerOf(storage, () => 'ordinary');
    const query = { text: 'needle', people: false, limit: 5 };
    for await (const { hits } of reader.search('a.zip', query, 'Ada', forever))
      for (const { cells } of hits) {
        expect(cells).toHaveLength(12);
        const last = cells.at(-1);
        expect(last).toMatchObject({ column: 'c29', cut: true, matched: true });
        expect(last?.value).toContain('NEEDLE');
        expect(last?.value.length).toBeLessThan(200);
      }
  });
});

test('a row with the text in hidden columns alone is passed over like any other', () => {
  const names = ['needle', '"needle"', 'néedlé', '"say ""needle"" 😀"', '\u0301needle\u093c'];
  const content = Buffer.from(`a,b,c\n${names.map((name) => `${name},x,${name}\n`).join('')}`);
  const rowsIn = (isShown: boolean[]) => {
    const scan = new ChunkScan(content, 'csv', isShown, createNeedle('needle'));
    const rows: number[] = [];
    while (!scan.atEnd) rows.push(...[scan.next(10) ?? []].flat().map(({ row }) => row));
    return rows;
  };
  expect(rowsIn([false, true, false])).toEqual([]);
  expect(rowsIn([false, false, true])).toEqual([1, 2, 3, 4, 5]);
});

describe('what cannot be searched', () => {
  const ordinary = (name: string) => chunkOf('categories', [[name, 'needle']], 'csv', ['id', 'name']);

  test('is told and passed over: a damaged chunk, which is noted beside the archive, and other text than UTF-8', async () => {
    const { bytes, manifest } = await sampleArchive({
      chunks: [
        ordinary('one'),
        ordinary('two'),
        { table: 'categories', rows: 3, content: 'id,name\nthree,needle\n' },
        { table: 'categories', rows: 1, content: 'id,name\nfour,"needle\n' },
        { table: 'categories', rows: 2, content: Buffer.from('id,name\nfive,needle \xff\nsix\xff,needle\n', 'latin1') },
        ordinary('seven'),
      ],
    });
    const damaged = Uint8Array.from(bytes);
    const offset = 30 + (manifest.entries[0]?.name.length ?? 0) + 5;
    damaged[offset] = (damaged[offset] ?? 0) ^ 1;
    const { storage } = await storeArchive(damaged);
    const steps: SearchStep[] = [];
    const query = { text: 'needle', people: false, limit: 50 };
    for await (const step of readerOf(storage).search('a.zip', query, 'Ada', forever)) steps.push(step);
    const cells = steps.flatMap(({ hits }) => hits.map((hit) => hit.cells[0]?.value));
    expect(cells).toEqual(['two', 'three', 'needle', 'seven']);
    const unsearched = steps.flatMap((step) => step.unsearched);
    expect(unsearched.map(({ chunk, why }) => [chunk, why])).toEqual([
      [1, 'damaged'],
      [3, 'damaged'],
      [4, 'damaged'],
      [5, 'not text'],
    ]);
    expect(unsearched[0]?.message).toContain('Chunk 1 of table public.categories');
    expect(steps.at(-1)).toMatchObject({ end: 'complete', chunks: 6, of: 6 });
    expect((await storage.readSidecar('a.zip'))?.foundDamaged?.message).toContain('Chunk 1 of table public.categories');
  });

  test('is told and passed over: a chunk larger than is read at once', async () => {
    const large = chunkOf('categories', [['large', 'x'.repeat(17 * 1024 * 1024)]], 'csv', ['id', 'name']);
    const found = await searched({ chunks: [large, ordinary('small')] }, { text: 'needle' });
    expect(found.hits.map(({ chunk }) => chunk)).toEqual([2]);
    expect(found.unsearched.map(({ chunk, why }) => [chunk, why])).toEqual([[1, 'large']]);
  });
});

describe('a search under way', () => {
  const many = Array.from({ length: 40 }, (_, index) =>
    chunkOf('categories', [[`r${index}`, 'Ada']], 'csv', ['id', 'name']),
  );
  const query = { text: 'ada', people: false, limit: 500 };

  test('ends with who asked for it: no more is read, and another may begin', async () => {
    const { bytes } = await sampleArchive({ chunks: many });
    const { storage } = await storeArchive(bytes);
    let read = 0;
    const open: typeof storage.open = async (name) => {
      const source = await storage.open(name);
      return {
        size: source.size,
        read: (...words) => {
          read += 1;
          return source.read(...words);
        },
        [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      };
    };
    const reader = readerOf({ ...storage, open });
    const all = await Array.fromAsync(reader.search('a.zip', query, 'Ada', forever));
    expect(all.flatMap(({ hits }) => hits)).toHaveLength(40);
    const wholeReads = read;

    for (const how of ['left', 'cancelled'] as const) {
      read = 0;
      const control = new AbortController();
      const reading = async () => {
        for await (const { chunks } of reader.search('a.zip', query, 'Ada', control.signal)) {
          if (chunks < 3) continue;
          if (how === 'left') return;
          control.abort();
        }
      };
      if (how === 'left') await reading();
      else expect(await codeOf(reading())).toBe('CANCELLED');
      const readThen = read;
      await new Promise((done) => setTimeout(done, 20));
      expect(read).toBe(readThen);
      expect(read).toBeLessThan(wholeReads / 2);
    }
    for (let again = 0; again < 5; again++)
      expect((await Array.fromAsync(reader.search('a.zip', query, 'Ada', forever))).at(-1)?.end).toBe('complete');
  });

  test('is one of two of a person and of four of all, and others are refused until one ends', async () => {
    const { bytes } = await sampleArchive({ chunks: many });
    const { storage } = await storeArchive(bytes);
    const reader = readerOf(storage);
    const begin = async (who: string) => {
      const search = reader.search('a.zip', query, who, forever);
      await search.next();
      return search;
    };
    const own = [await begin('Ada'), await begin('Ada')];
    expect(await codeOf(begin('Ada'))).toBe('RATE_LIMITED');
    await begin('Bola');
    await begin('Chidi');
    expect(await codeOf(begin('Dayo'))).toBe('RATE_LIMITED');
    await own[0]?.return();
    await begin('Dayo');
  });

  test('leaves others their turn while a chunk is gone through', async () => {
    const rows = Array.from({ length: 100_000 }, (_, index): Value[] => [`r${index}`, `${'no '.repeat(30)}${index}`]);
    let turns = 0;
    let timer: NodeJS.Immediate;
    const count = () => {
      turns += 1;
      timer = setImmediate(count);
    };
    const chunks = [chunkOf('categories', rows, 'csv', ['id', 'name'])];
    const { bytes } = await sampleArchive({ chunks });
    const { storage } = await storeArchive(bytes);
    timer = setImmediate(count);
    await Array.fromAsync(readerOf(storage).search('a.zip', query, 'Ada', forever));
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(5);
  });
});
