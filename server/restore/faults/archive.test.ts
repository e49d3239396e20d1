import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import * as hrms from '../../../db/hrms/schema.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import type { ManifestEntry } from '../../archive/manifest/manifest.ts';
import { openArchive } from '../../archive/reader.ts';
import { memorySink, SAMPLE_TIME, sampleManifest } from '../../archive/sample.fixture.ts';
import { createArchiveWriter } from '../../archive/writer.ts';
import { forgeZip, manifestPart, partsOf } from '../../archive/zip.fixture.ts';
import { AppError } from '../../core/errors.ts';
import { bytesSource } from '../../storage/memory.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { backupOf } from '../../testing/verbs.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary();
});
afterAll(() => library[Symbol.asyncDispose]());

/** Returns the paths of the texts in a value; of the items of a list only the first with a text at each place. */
function textsOf(value: unknown, path: (string | number)[] = [], seen = new Set<string>()): (string | number)[][] {
  if (typeof value === 'string') {
    const key = path.filter((step) => typeof step === 'string').join('.');
    if (seen.has(key)) return [];
    seen.add(key);
    return [path];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textsOf(inner, [...path, Array.isArray(value) ? Number(key) : key], seen),
  );
}

function setAt(value: Record<string, unknown>, path: (string | number)[], text: string): void {
  const [last = '', ...rest] = path.toReversed();
  const at = rest
    .toReversed()
    .reduce<Record<string, unknown>>((inner, step) => inner[step] as Record<string, unknown>, value);
  at[last] = text;
}

describe('restoreArchive()', () => {
  test('promise 4: leaves every table untouched when the last chunk is corrupt', async () => {
    const bytes = Buffer.from(library.archive.bytes);
    const opened = await openArchive(bytesSource(bytes));
    const last = opened.manifest.entries.filter((entry) => entry.table).at(-1);
    const at = last
      ? bytes.lastIndexOf(last.name, bytes.indexOf('README.txt')) + last.name.length + last.storedSize / 2
      : 0;
    bytes.writeUInt8(bytes.readUInt8(Math.floor(at)) ^ 0x10, Math.floor(at));
    const error = await refusalOf(bytes);
    expect(error.code).toBe('ARCHIVE_DAMAGED');
    expect(error.details).toMatchObject({ entry: last?.name, table: `public.${last?.table?.name}` });
  });

  test('promise 4: leaves every table untouched when a text beside the chunks is corrupt', async () => {
    const bytes = Buffer.from(library.archive.bytes);
    const { manifest } = await openArchive(bytesSource(bytes));
    const text = manifest.entries.find((entry) => entry.name === 'README.txt');
    const at = bytes.indexOf('README.txt') + 'README.txt'.length + Math.floor((text?.storedSize ?? 0) / 2);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
    const error = await refusalOf(bytes);
    expect([error.code, error.details]).toEqual(['ARCHIVE_DAMAGED', { place: 'chunk', entry: 'README.txt' }]);
  });

  test('finds at staging that the manifest lies about the rows of a chunk', async () => {
    const bytes = await rewritten((entry, content) => ({
      content,
      rows: entry.table?.name === 'books' ? entry.rows + 1 : entry.rows,
    }));
    const error = await refusalOf(bytes);
    expect(error.code).toBe('ARCHIVE_DAMAGED');
    expect(error.message).toContain('the manifest says 31 rows, the server counted 30');
    expect(error.details).toMatchObject({ table: 'public.books' });
  });

  test('names chunk, line and column of a value that today’s type does not take, and never the value', async () => {
    const label = 'unheard-of';
    const bytes = await rewritten((entry, content) => ({
      content: entry.table?.name === 'readers' ? replaced(content, 'reader 7,calm', `reader 7,${label}`) : content,
      rows: entry.rows,
    }));
    const error = await refusalOf(bytes);
    expect(error.code).toBe('RESTORE_REFUSED');
    expect(error.message).toContain('data/public.readers/00001.csv, line 8, column mood');
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(label);
  });

  test('refuses the archive of another application with SCHEMA_MISMATCH, saying so', async () => {
    await using other = await testDatabase({ template: 'hrms' });
    const { bytes } = await backupOf(other, modelFromSchema(hrms));
    const error = await refusalOf(bytes);
    expect(error.code).toBe('SCHEMA_MISMATCH');
    expect(error.message).toContain('another application');
  });

  const MISMATCHES = {
    'a column is gone': ['ALTER TABLE books DROP COLUMN isbn', 'public.books.isbn is not in the database any more'],
    'a type has changed': [
      'ALTER TABLE books ALTER title TYPE varchar(80)',
      'public.books.title is character varying(80) today and was text',
    ],
    'a new column is NOT NULL without a default': [
      'TRUNCATE books CASCADE; ALTER TABLE books ADD shelf text NOT NULL',
      'public.books.shelf is NOT NULL without a default and not in the backup',
    ],
    'a table is gone': ['DROP TABLE lendings', 'table public.lendings is not in the database'],
    'a column became generated': [
      `ALTER TABLE books DROP isbn; ALTER TABLE books ADD isbn text GENERATED ALWAYS AS ('x') STORED`,
      'public.books.isbn is a generated column today',
    ],
  };
  for (const [what, [change = '', says = '']] of Object.entries(MISMATCHES)) {
    test(`refuses with SCHEMA_MISMATCH when ${what}, naming it`, async () => {
      await using altered = await testLibrary();
      await altered.database.query(change);
      const error = await rejection(altered.restore());
      expect([error.code, error.message]).toEqual(['SCHEMA_MISMATCH', expect.stringContaining(says)]);
      expect(error.hint).toContain('--tables');
      expect(await altered.leftovers()).toEqual([]);
    });
  }

  test('names every mismatch at once', async () => {
    await using altered = await testLibrary();
    await altered.database.query(
      'ALTER TABLE books DROP COLUMN isbn; ALTER TABLE readers DROP COLUMN mark; DROP TABLE lendings',
    );
    const error = await rejection(altered.restore());
    expect(error.details?.['faults']).toHaveLength(3);
  });

  test('refuses rows that break a rule of today, naming the rule and never a value', async () => {
    await using altered = await testLibrary();
    await altered.database.query(
      `UPDATE books SET title = 'short'; ALTER TABLE books ADD CONSTRAINT short_titles CHECK (length(title) < 7)`,
    );
    const error = await rejection(altered.restore());
    expect([error.code, error.message]).toEqual(['RESTORE_REFUSED', expect.stringContaining('short_titles')]);
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('title 1');
    expect(await altered.leftovers()).toEqual([]);
  });

  test('promise 7: refuses an archive that was made to change our own records, naming them', async () => {
    const sink = memorySink();
    const { signal } = new AbortController();
    const writer = createArchiveWriter({ sink, compression: { method: 'deflate' }, time: SAMPLE_TIME, signal });
    const table = { schema: 'backup_system', name: 'break_glass' };
    const content = Buffer.from('id,created_by,expires_at\nforged,me,2999-01-01\n');
    await writer.addChunk({ table, format: 'csv', rows: 1, content });
    const manifest = sampleManifest(writer.entries);
    const [first] = manifest.tables;
    const columns = ['id', 'created_by', 'expires_at'].map((name) => ({
      ...first?.columns[0],
      name,
      key: name,
      sqlType: name === 'expires_at' ? 'timestamp with time zone' : 'text',
    }));
    await writer.finish({ ...manifest, tables: [{ ...first, ...table, columns }] } as typeof manifest);
    const error = await refusalOf(sink.bytes());
    expect([error.code, error.message]).toEqual([
      'RESTORE_REFUSED',
      expect.stringContaining('backup_system.break_glass'),
    ]);
    expect(await library.database.query('SELECT id FROM backup_system.break_glass')).toEqual([]);
  });

  test(
    'promise 9: runs nothing that stands in a manifest, whatever text says it and where',
    async () => {
      const { manifest } = await openArchive(bytesSource(library.archive.bytes));
      const parts = partsOf(library.archive.bytes, manifest).slice(0, -1);
      await library.database.query('CREATE TABLE canary (id int); INSERT INTO canary VALUES (1)');
      const drop = 'DROP TABLE public.canary';
      const texts = [
        `"; ${drop}; --`,
        `'; ${drop}; --`,
        `x); ${drop}; --`,
        `x"."y"; ${drop}; --`,
        `$$; ${drop}; $$`,
        `E'\\'; ${drop}; --`,
        `text; ${drop}`,
        `\\.\n${drop};`,
        '',
        '\0',
        '../../x',
        '__proto__',
        'x'.repeat(300),
      ];
      const forged = textsOf(manifest).flatMap((path) => texts.map((text) => ({ path, text })));
      const unforeseen: string[] = [];
      let opened = 0;
      for (const { path, text } of forged.filter((_, index) => index % campaign(113, 2) === 0)) {
        const made = JSON.parse(JSON.stringify(manifest));
        made.metadata.timestamp = SAMPLE_TIME.toISOString();
        setAt(made, path, text);
        const bytes = forgeZip([...parts, manifestPart(new TextEncoder().encode(JSON.stringify(made)))]);
        const isOpened = await openArchive(bytesSource(bytes)).then(
          () => true,
          () => false,
        );
        if (isOpened) opened += 1;
        const code = isOpened
          ? await library.restore({ source: bytesSource(bytes) }).then(
              () => null,
              (error: unknown) => (error instanceof AppError ? error.code : String(error)),
            )
          : (await rejection(openArchive(bytesSource(bytes)))).code;
        if (code !== null && !/^(ARCHIVE_|SCHEMA_|RESTORE_|LINKS_|UNKNOWN_TABLE)/.test(code))
          unforeseen.push(`${path.join('.')} = ${text}: ${code}`);
      }
      expect(unforeseen).toEqual([]);
      expect(opened).toBeGreaterThan(2);
      expect(await library.database.query('SELECT id FROM canary')).toEqual([{ id: 1 }]);
      await library.database.query(drop);
      expect(await library.leftovers()).toEqual([]);
    },
    campaign(60_000, 1_800_000),
  );

  test('refuses rows that would refer to nothing with LINKS_BROKEN, naming the foreign key', async () => {
    const bytes = await rewritten((entry, content) => {
      if (entry.table?.name !== 'books') return { content, rows: entry.rows };
      return { content: replaced(content, '30,title 30,isbn 30\n', ''), rows: entry.rows - 1 };
    });
    const error = await refusalOf(bytes);
    expect([error.code, error.message]).toEqual(['LINKS_BROKEN', expect.stringContaining('lendings_book_id')]);
  });
});

async function refusalOf(bytes: Uint8Array): Promise<AppError> {
  const before = await library.state();
  const error = await rejection(library.restore({ source: bytesSource(bytes) }));
  expect(await library.state()).toBe(before);
  expect(await library.leftovers()).toEqual([]);
  expect((await library.records()).at(-1)).toBe('restore failed');
  return error;
}

/** Returns the library's archive, intact and well-formed, but with other contents. */
async function rewritten(
  change: (entry: ManifestEntry, content: Uint8Array) => { content: Uint8Array; rows: number },
): Promise<Uint8Array> {
  const archive = await openArchive(bytesSource(library.archive.bytes));
  const { manifest } = archive;
  const sink = memorySink();
  const writer = createArchiveWriter({
    sink,
    compression: { method: 'deflate' },
    time: new Date(manifest.metadata.timestamp),
    signal: new AbortController().signal,
  });
  for (const entry of manifest.entries) {
    const content = await archive.readEntry(entry);
    if (entry.table && entry.format !== 'text') {
      await writer.addChunk({
        table: entry.table,
        format: entry.format === 'copy' ? 'copy' : 'csv',
        ...change(entry, content),
      });
    } else await writer.addText(entry.name, new TextDecoder().decode(content));
  }
  const sum = (name: string, of: 'rows' | 'size') =>
    writer.entries.filter((entry) => entry.table?.name === name).reduce((total, entry) => total + entry[of], 0);
  const tables = manifest.tables.map((table) => ({
    ...table,
    rows: sum(table.name, 'rows'),
    bytes: sum(table.name, 'size'),
  }));
  const totalRecords = tables.reduce((total, table) => total + table.rows, 0);
  await writer.finish({
    ...manifest,
    metadata: { ...manifest.metadata, totalRecords },
    tables,
    entries: writer.entries,
  });
  return sink.bytes();
}

function replaced(content: Uint8Array, from: string, to: string): Uint8Array {
  const text = new TextDecoder().decode(content);
  if (!text.includes(from)) throw new Error(`the chunk does not hold ${from}`);
  return new TextEncoder().encode(text.replace(from, to));
}
