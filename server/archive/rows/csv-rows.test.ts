import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { NASTY_TEXTS } from '../../../db/testing/fixtures/nasty-texts.ts';
import { type ChunkRow, chunkRows, type NotUtf8 } from './csv-rows.ts';
import { csvToCopyText } from './records.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const rowsOf = (text: string, format: 'csv' | 'copy', columns: number) => [...chunkRows(bytes(text), format, columns)];

/** Returns a field as PostgreSQL writes CSV: quoted when necessary, and the empty string always. */
const csvField = (field: string | null) =>
  field === null ? '' : /^$|^\\\.$|[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
const csv = (rows: (string | null)[][]) => rows.map((row) => `${row.map(csvField).join(',')}\n`).join('');

const field = fc.option(
  fc.oneof(
    fc.constantFrom(...NASTY_TEXTS.filter((text) => text.length < 5000)),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.string({ unit: fc.constantFrom('"', ',', '\n', '\\', '\t', 'N', 'a'), maxLength: 6 }),
  ),
);
const tables = fc
  .integer({ min: 1, max: 4 })
  .chain((columns) => fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { minLength: 1 }));

test('chunkRows() gives back every field of a CSV chunk, NULL apart from the empty string', () => {
  fc.assert(
    fc.property(tables, (rows) => {
      const header = `${(rows[0] ?? []).map((_, index) => `c${index}`).join(',')}\n`;
      expect(rowsOf(header + csv(rows), 'csv', rows[0]?.length ?? 0)).toEqual(rows);
    }),
  );
});

test('chunkRows() gives back every field of the same rows as COPY text', () => {
  fc.assert(
    fc.property(tables, (rows) => {
      const columns = rows[0]?.length ?? 0;
      const text = csvToCopyText(bytes(csv(rows)), columns);
      expect([...chunkRows(text, 'copy', columns)]).toEqual(rows);
    }),
  );
});

test('chunkRows() reads chunks of many megabytes, rows longer than any part it cuts them into among them', () => {
  const rows = Array.from({ length: 3000 }, (_, index) => [
    String(index),
    index % 700 === 3 ? '"é\n,'.repeat(120_000) : `a "b"\n${'x'.repeat(index % 500)}`,
  ]);
  const text = csv(rows);
  expect(rowsOf(`a,b\n${text}`, 'csv', 2)).toEqual(rows);
  expect([...chunkRows(csvToCopyText(bytes(text), 2), 'copy', 2)]).toEqual(rows);
});

describe('chunkRows() refuses what PostgreSQL does not write', () => {
  const cases: [string, string, 'csv' | 'copy'][] = [
    ['a quote that does not end', 'a,b\n"x,1\n', 'csv'],
    ['a last row without its newline', 'a,b\nx,1', 'csv'],
    ['a row of one column too many', 'a,b\nx,1,2\n', 'csv'],
    ['a row of one column too few', 'a,b\nx\n', 'csv'],
    ['another number of columns in the header', 'a\nx,1\n', 'csv'],
    ['a quote inside a plain value', 'a,b\nx"y,1\n', 'csv'],
    ['text after a closing quote', 'a,b\n"x"y,1\n', 'csv'],
    ['a COPY row without its newline', 'x\t1', 'copy'],
    ['a COPY row of one column too few', 'x\n', 'copy'],
    ['an escape of another program', 'x\\q\t1\n', 'copy'],
  ];
  for (const [what, text, format] of cases)
    test(what, () => {
      expect(() => rowsOf(text, format, 2)).toThrow(RangeError);
    });

  test('a line of separators alone, without making a field of each', () => {
    // Read to its end, the complaint would be about the quote.
    expect(() => rowsOf(`a,b\n${','.repeat(9)}"x\n`, 'csv', 2)).toThrow('columns');
    expect(() => rowsOf(`${','.repeat(9)}"x\n`, 'csv', 2)).toThrow('columns');
  });

  test('bytes that are not UTF-8, at their line and column, when their row is reached', () => {
    const read = (text: string, format: 'csv' | 'copy') => {
      const rows: ChunkRow[] = [];
      try {
        for (const row of chunkRows(Buffer.from(text, 'latin1'), format, 2)) rows.push(row);
        throw new TypeError('was taken');
      } catch (error) {
        const { line, column } = error as NotUtf8;
        return { rows, line, column };
      }
    };
    const eAcute = '\xc3\xa9';
    expect(read(`a,b\n${eAcute},"x\ny"\n,"p\nq\xff"\n`, 'csv')).toEqual({ rows: [['é', 'x\ny']], line: 4, column: 1 });
    expect(read(`a,b\n"x\ny",\xe9\n`, 'csv')).toEqual({ rows: [], line: 3, column: 1 });
    expect(read(`${eAcute}\t\\N\n\xed\xa0\x80\t1\n`, 'copy')).toEqual({ rows: [['é', null]], line: 2, column: 0 });
    const long = `a,b\n${'x,"\n"\n'.repeat(100_000)}\xc3,1\n`;
    expect(read(long, 'csv')).toMatchObject({ line: 200_002, column: 0, rows: { length: 100_000 } });
  });
});
