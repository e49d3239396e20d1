import { afterAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { countRows, csvToCopyText, hasEndMarkerLine, RowCounter, takeEndMarkerRows } from './records.ts';
import { copyValue, csvValue } from './written.fixture.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);

const awkward = fc.constantFrom(
  '',
  '\\.',
  '\\N',
  '"',
  ',',
  '\n',
  '\r\n',
  '\\',
  '\t',
  '\b\f\v',
  '\n\\.\n',
  '💾',
  'é',
  "'",
  ' ',
  '0',
);
const value = fc.option(
  fc.oneof(
    awkward,
    fc.array(awkward, { maxLength: 5 }).map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme' }),
  ),
  { nil: null },
);
const rows = (columns: number) =>
  fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 8 });
const table = fc.integer({ min: 1, max: 4 }).chain((columns) => fc.tuple(fc.constant(columns), rows(columns)));

test('countRows() counts CSV rows whatever stands inside quotes, the header apart', () => {
  fc.assert(
    fc.property(table, ([columns, data]) => {
      const csv = data.map((row) => `${row.map((one) => csvValue(one, columns === 1)).join(',')}\n`).join('');
      expect(countRows(bytes(`a,"b\n""c"\n${csv}`), 'csv')).toBe(data.length);
    }),
  );
});

/** Returns the same bytes, beginning at this offset of a larger buffer. */
function placedAt(offset: number, content: Uint8Array): Uint8Array {
  const room = new Uint8Array(offset + content.length + 1);
  room.set(content, offset);
  return room.subarray(offset, offset + content.length);
}

test('RowCounter counts the same rows in whatever pieces they come, and wherever in memory each begins', () => {
  const cuts = fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { maxLength: 40 });
  fc.assert(
    fc.property(table, cuts, ([columns, data], pieces) => {
      const csv = bytes(
        `a\n${data.map((row) => `${row.map((one) => csvValue(one, columns === 1)).join(',')}\n`).join('')}`,
      );
      const counter = new RowCounter('csv');
      let from = 0;
      for (const [length, offset] of pieces) {
        counter.add(placedAt(offset, csv.subarray(from, from + length)));
        from += length;
      }
      counter.add(placedAt(pieces.length & 1, csv.subarray(from)));
      expect(counter.end()).toBe(data.length);
    }),
    { numRuns: 500 },
  );
});

test('countRows() counts a row of one NULL, which is an empty line', () => {
  expect(countRows(bytes('a\n\n\nx\n'), 'csv')).toBe(3);
  expect(countRows(bytes('\\N\n\\N\n'), 'copy')).toBe(2);
  expect(countRows(bytes(''), 'copy')).toBe(0);
});

test('countRows() refuses content that ends inside a row', () => {
  expect(() => countRows(bytes('a\n1'), 'csv')).toThrow(RangeError);
  expect(() => countRows(bytes('a\n"1\n'), 'csv')).toThrow(RangeError);
  expect(() => countRows(bytes(''), 'csv')).toThrow(RangeError);
  expect(() => countRows(bytes('1\n2'), 'copy')).toThrow(RangeError);
});

test('hasEndMarkerLine() finds a line that is exactly backslash dot, and no other', () => {
  for (const yes of ['\\.\n', 'a\n\\.\n', 'a\n\\.', '"x\n\\.\r\ny"\n', 'x\\.\n\\.\n'])
    expect(hasEndMarkerLine(bytes(yes))).toBe(true);
  for (const no of ['', '\\', 'a\\.\n', '\\.a\n', 'a,\\.\n', '"\\."\n', '\\..\n', '\\\\.\n'])
    expect(hasEndMarkerLine(bytes(no))).toBe(false);
  const embedded = bytes('zz\n\\.\nzz');
  expect(hasEndMarkerLine(embedded.subarray(3, 5))).toBe(true);
});

test('csvToCopyText() says in COPY text what the CSV said', () => {
  fc.assert(
    fc.property(table, ([columns, data]) => {
      const csv = data.map((row) => `${row.map((one) => csvValue(one, columns === 1)).join(',')}\n`).join('');
      const copy = data.map((row) => `${row.map(copyValue).join('\t')}\n`).join('');
      expect(text(csvToCopyText(bytes(csv), columns))).toBe(copy);
    }),
  );
});

test('csvToCopyText() refuses CSV that PostgreSQL would not have written', () => {
  for (const wrong of ['1\n', '1,2,3\n', '1,2', '"1,2\n', 'a"b,2\n', '"a"b,2\n'])
    expect(() => csvToCopyText(bytes(wrong), 2)).toThrow(RangeError);
});

const database = await testDatabase({ server: testServers().at(-1) ?? '18' });
afterAll(() => database[Symbol.asyncDispose]());

test("csvToCopyText() and countRows() agree with PostgreSQL's own COPY for every text", async () => {
  await database.query('CREATE TABLE one (a text); CREATE TABLE two (a text, b text)');
  const stored = value
    .map((one) => one?.replaceAll('\0', '') ?? null)
    .map((one) => (one?.isWellFormed() === false ? null : one));
  for (const [name, columns] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    const [data] = fc.sample(
      fc.array(fc.array(stored, { minLength: columns, maxLength: columns }), { minLength: 300, maxLength: 300 }),
      1,
    );
    await database.query(
      `INSERT INTO ${name} SELECT ${columns === 1 ? 'r->>0' : 'r->>0, r->>1'} FROM jsonb_array_elements($1::jsonb) r`,
      [JSON.stringify(data)],
    );
    const csv = await psqlCopy(`COPY ${name} TO STDOUT (FORMAT csv)`);
    const copy = await psqlCopy(`COPY ${name} TO STDOUT (FORMAT text)`);
    expect(csvToCopyText(csv, columns)).toEqual(copy);
    expect(countRows(Buffer.concat([bytes('h\n'), csv]), 'csv')).toBe(300);
    expect(countRows(copy, 'copy')).toBe(300);
  }
});

async function psqlCopy(sql: string): Promise<Uint8Array> {
  return await Bun.$`psql -X -q -v ON_ERROR_STOP=1 ${database.url} -c ${sql}`
    .quiet()
    .arrayBuffer()
    .then((buffer) => new Uint8Array(buffer));
}

test('takeEndMarkerRows() takes exactly the rows with such a line, and leaves the others as they were', () => {
  const value = fc
    .array(fc.constantFrom('a', '\n', '\\.', '"', ',', '\r', '\n\\.\n'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  const quoted = (text: string) => (/[",\n\r]/.test(text) || text === '\\.' ? `"${text.replaceAll('"', '""')}"` : text);
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { maxLength: 20 }), (rows) => {
      const records = rows.map(([one, two]) => `${quoted(one)},${quoted(two)}\n`);
      const content = bytes(`one,two\n${records.join('')}`);
      const odd = takeEndMarkerRows(content);
      const isOdd = (record: string) => hasEndMarkerLine(bytes(record));
      const text = new TextDecoder();
      expect(text.decode(content.subarray(0, odd?.left ?? content.length))).toBe(
        `one,two\n${records.filter((record) => !isOdd(record)).join('')}`,
      );
      expect(text.decode(odd?.taken ?? new Uint8Array())).toBe(records.filter(isOdd).join(''));
      expect(odd?.rows ?? 0).toBe(records.filter(isOdd).length);
    }),
  );
});
