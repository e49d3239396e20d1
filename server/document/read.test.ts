import { describe, expect, test } from 'bun:test';
import { refusalOf } from '../testing/json.fixture.ts';
import type { JsonColumn, JsonLimits, JsonPiece, JsonTable } from './document.ts';
import { peekMetadata, readBackupJson } from './read.ts';
import { jsonForm } from './value-form.ts';

const column = (key: string, sqlType: string, facts: Partial<JsonColumn> = {}): JsonColumn => ({
  key,
  form: jsonForm(sqlType, []),
  notNull: false,
  optional: true,
  ...facts,
});
const needed = { notNull: true, optional: false };

const TABLES: JsonTable[] = [
  {
    key: 'staff',
    aliases: ['people'],
    passedOver: new Set(['manager', 'subordinates']),
    columns: [
      column('id', 'text', needed),
      column('gender', 'public."Gender"'),
      column('phones', 'text[]'),
      column('grid', 'integer[]'),
      column('changes', 'jsonb', needed),
      column('extra', 'jsonb'),
      column('raw', 'json'),
      column('count', 'integer'),
      column('big', 'bigint'),
      column('salary', 'numeric(10,2)'),
      column('rate', 'double precision'),
      column('at', 'timestamp(3) without time zone'),
      column('when', 'timestamp with time zone'),
      column('born', 'date'),
      column('short', 'character varying(3)'),
      column('on', 'boolean'),
    ],
  },
  { key: 'loans', aliases: [], passedOver: new Set(), columns: [column('id', 'text', needed)] },
];

async function* pieces(text: string | Uint8Array, step: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function read(text: string | Uint8Array, step = 7, limits: Partial<JsonLimits> = {}): Promise<JsonPiece[]> {
  const { signal } = new AbortController();
  return (await Array.fromAsync(readBackupJson(pieces(text, step), TABLES, { signal, limits }))).flat();
}

const staff = (...rows: string[]) => `{"metadata":{},"data":{"staff":[${rows.join(',')}]}}`;
/** Returns the fields of one row as PostgreSQL gets them, by key. */
async function fields(row: string): Promise<Record<string, string | null>> {
  const found = await read(staff(row));
  const table = found.find((piece) => piece.kind === 'table');
  const given = found.find((piece) => piece.kind === 'row');
  const keys = table?.columns.map(({ key }) => key) ?? [];
  return Object.fromEntries(keys.map((key, index) => [key, given?.fields[index] ?? null]));
}

test('rows come out as texts for PostgreSQL, in the order of the columns, one table after the other', async () => {
  const found = await read(
    '{"data":{"loans":[{"id":"l1"}],"staff":[]},"metadata":{"version":"1.0.0","tables":{"loans":1}}}',
  );
  expect(found).toMatchObject([
    { kind: 'table', path: 'data.loans', columns: [{ key: 'id' }] },
    { kind: 'row', index: 0, fields: ['l1'] },
    { kind: 'table', path: 'data.staff' },
    { kind: 'metadata', metadata: { version: '1.0.0', tables: { loans: 1 } } },
  ]);
});

test('each kind of value is the text PostgreSQL reads for it', async () => {
  const row = `{"id":"a\\u0007","gender":"MALE","phones":["1","a,\\"b\\\\",null],"grid":[[1,2],[3,null]],"changes":{"n":12345678901234567890.10,"a":[1,{"b":null}]},
    "extra":null,"raw":{"a":1,"a":2},"count":-5,"big":"9223372036854775807","salary":"1234.50","rate":1e-7,"at":"2026-11-23T09:08:04.123Z",
    "when":"2026-11-23T09:08:04+05:30","born":"2026-02-28","short":"éé😀","on":false}`;
  expect(await fields(row)).toEqual({
    id: 'a\u0007',
    gender: 'MALE',
    phones: '{"1","a,\\"b\\\\",NULL}',
    grid: '{{"1","2"},{"3",NULL}}',
    changes: '{"n":12345678901234567890.10,"a":[1,{"b":null}]}',
    extra: null,
    raw: '{"a":1,"a":2}',
    count: '-5',
    big: '9223372036854775807',
    salary: '1234.50',
    rate: '1e-7',
    at: '2026-11-23 09:08:04.123',
    when: '2026-11-23 09:08:04+05:30',
    born: '2026-02-28',
    short: 'éé😀',
    on: 'f',
  });
});

test('a plain null is JSON null where the column must not be NULL, and SQL NULL where it may', async () => {
  expect(await fields('{"id":"a","changes":null,"extra":null,"phones":null}')).toEqual({
    id: 'a',
    changes: 'null',
    extra: null,
    phones: null,
  });
});

test('times of JavaScript beyond four digits, before the common era, and without end are PostgreSQL times', async () => {
  const at = async (text: string) => (await fields(`{"id":"a","changes":1,"at":"${text}"}`)).at;
  expect(await at('+012345-01-02T03:04:05.678Z')).toBe('12345-01-02 03:04:05.678');
  expect(await at('-000043-03-15T12:00:00.000Z')).toBe('0044-03-15 12:00:00.000 BC');
  expect(await at('0044-03-15 12:00:00 BC')).toBe('0044-03-15 12:00:00 BC');
  expect(await at('infinity')).toBe('infinity');
});

test('related objects and lists of them are passed over, whatever is in them', async () => {
  const row =
    '{"id":"a","manager":{"id":"b","phones":[{"x":[1]}],"gender":5},"changes":1,"subordinates":[{"id":"c"},[]]}';
  expect(await fields(row)).toEqual({ id: 'a', changes: '1' });
});

test('an array may stand under its other name, and not under both', async () => {
  expect(await read('{"metadata":{},"data":{"people":[]}}')).toMatchObject([{}, { path: 'data.people' }]);
  expect(await refusalOf(read('{"metadata":{},"data":{"people":[],"staff":[]}}'))).toMatchObject({
    code: 'ARCHIVE_INVALID',
    path: 'data.staff',
  });
});

describe('refused as ARCHIVE_INVALID with the path to it:', () => {
  const good = '{"id":"a","changes":1}';
  const one = (members: string) => staff(good.replace('}', `,${members}}`));
  const cases: [what: string, path: string, text: string][] = [
    ['an unknown table', 'data.stuff', '{"metadata":{},"data":{"stuff":[]}}'],
    ['an unknown part of the document', 'extra', '{"extra":1}'],
    ['an unknown column', 'data.staff[0].salry', one('"salry":1')],
    ['an unknown column with an object in it', 'data.staff[0]["a b"]', one('"a b":{"c":1}')],
    ['a table that is not a list', 'data.staff', '{"metadata":{},"data":{"staff":{}}}'],
    ['a table that is null', 'data.staff', '{"metadata":{},"data":{"staff":null}}'],
    ['a row that is a list', 'data.staff[1]', staff(good, '[]')],
    ['a row that is null', 'data.staff[0]', staff('null')],
    ['data that is a list', 'data', '{"metadata":{},"data":[]}'],
    ['metadata that is a text', 'metadata', '{"metadata":"x","data":{}}'],
    ['a document without metadata', 'metadata', '{"data":{}}'],
    ['a document without data', 'data', '{"metadata":{}}'],
    ['a document that is a list', 'the document', '[]'],
    ['an empty document', 'the document', '  '],
    ['the same key twice', 'data.staff[0].gender', one('"gender":"MALE","gender":"MALE"')],
    ['the same table twice', 'data.loans', '{"metadata":{},"data":{"loans":[],"loans":[]}}'],
    ['the same key twice inside jsonb', 'data.staff[0].extra.a.b', one('"extra":{"a":{"b":1,"b":2}}')],
    ['the same key twice in a related object', 'data.staff[0].manager.x', one('"manager":{"x":1,"x":1}')],
    ['null where the column must not be NULL', 'data.staff[0].id', staff('{"id":null,"changes":1}')],
    ['a number for a text', 'data.staff[0].gender', one('"gender":5')],
    ['an object for a text', 'data.staff[0].gender', one('"gender":{}')],
    ['a list for a text', 'data.staff[0].gender', one('"gender":["MALE"]')],
    ['a text for a list', 'data.staff[0].phones', one('"phones":"{1}"')],
    ['an object in a list', 'data.staff[0].phones', one('"phones":["1",{}]')],
    ['a number in a list of texts', 'data.staff[0].phones', one('"phones":["1",2]')],
    ['a text for a boolean', 'data.staff[0].on', one('"on":"true"')],
    ['a fraction for a whole number', 'data.staff[0].count', one('"count":1.5')],
    ['a text for a whole number', 'data.staff[0].count', one('"count":"1"')],
    ['a fraction for 64 bits', 'data.staff[0].big', one('"big":"1.5"')],
    ['more decimal places than the column has', 'data.staff[0].salary', one('"salary":"1.005"')],
    ['the same with an exponent', 'data.staff[0].salary', one('"salary":1e-3')],
    ['a word for a numeric', 'data.staff[0].salary', one('"salary":"much"')],
    ['a text for a double', 'data.staff[0].rate', one('"rate":"1.5"')],
    ['a time in another zone for a column without one', 'data.staff[0].at', one('"at":"2026-11-23T09:08:04+01:00"')],
    ['a time without a zone for a column with one', 'data.staff[0].when', one('"when":"2026-11-23T09:08:04"')],
    ['a time finer than the column', 'data.staff[0].at', one('"at":"2026-11-23T09:08:04.1234Z"')],
    ['a time that is none', 'data.staff[0].at', one('"at":"yesterday"')],
    ['a time for a date', 'data.staff[0].born', one('"born":"2026-11-23T09:08:04Z"')],
    ['a text longer than its column', 'data.staff[0].short', one('"short":"abcd"')],
    ['spaces beyond the length, which PostgreSQL would cut', 'data.staff[0].short', one('"short":"abc "')],
    ['a NUL character', 'data.staff[0].gender', one('"gender":"a\\u0000"')],
    ['half a surrogate pair', 'data.staff[0].gender', one('"gender":"\\ud800"')],
    ['a row without what every row needs', 'data.staff[0].changes', staff('{"id":"a"}')],
    ['a row without what the first has', 'data.staff[1].gender', staff('{"id":"a","changes":1,"gender":"F"}', good)],
    ['a row with what the first has not', 'data.staff[1].gender', staff(good, '{"id":"a","changes":1,"gender":"F"}')],
    ['a comma too many', 'data.staff[0].changes', staff('{"id":"a","changes":1,}')],
    ['a comma missing', 'data.staff[0].id', staff('{"id":"a" "changes":1}')],
    ['a bracket of the other kind', 'data.staff[0].changes', staff('{"id":"a","changes":1]')],
    ['a second document behind it', 'the document', `${staff(good)}{}`],
    ['a comment', 'the document', `/* x */${staff(good)}`],
  ];
  for (const [what, path, text] of cases)
    test(what, async () => {
      for (const step of [1, 10_000])
        expect(await refusalOf(read(text, step))).toMatchObject({ code: 'ARCHIVE_INVALID', path });
    });

  test('text that was cut off, at whatever byte', async () => {
    const whole = Buffer.from(staff('{"id":"é😀","changes":{"a":[1,"\\u00e9",true,null]},"phones":["1"]}'));
    await read(whole);
    for (let length = 0; length < whole.length; length++)
      expect(await refusalOf(read(whole.subarray(0, length), 64))).toMatchObject({ code: 'ARCHIVE_INVALID' });
  });
});

test('no refusal repeats a value', async () => {
  const secret = 'hunter2-4711';
  for (const text of [
    staff(`{"id":"a","changes":1,"at":"${secret}"}`),
    staff(`{"id":"a","changes":1,"salary":"${secret}"}`),
    staff(`{"id":"a","changes":1,"on":"${secret}"}`),
    staff(`{"id":"a","changes":1,"short":"${secret}"}`),
    `{"metadata":{"a":"${secret}"`,
  ])
    expect(JSON.stringify(await refusalOf(read(text)))).not.toContain(secret);
});

const keys = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":0`).join();

describe('limits', () => {
  test('a row and the metadata may not grow without end', async () => {
    const long = `"${'x'.repeat(200)}"`;
    const limits = { rowCharacters: 500, metadataCharacters: 500 };
    await read(
      staff(`{"id":${long},"changes":1}`, `{"id":${long},"changes":1}`, `{"id":${long},"changes":1}`),
      64,
      limits,
    );
    expect(await refusalOf(read(staff(`{"id":${long},"changes":[${long},${long}]}`), 64, limits))).toMatchObject({
      code: 'ARCHIVE_LIMIT',
    });
    expect(await refusalOf(read(`{"metadata":{"a":[${long},${long},${long}]}}`, 64, limits))).toMatchObject({
      code: 'ARCHIVE_LIMIT',
    });
  });

  test('promise 13: keys and values of a row are counted, wherever they stand, and anew for each row', async () => {
    const limits = { rowElements: 20 };
    const fits = staff(`{"id":"a","changes":[${'0,'.repeat(10)}0]}`, `{"id":"b","changes":[${'{},'.repeat(10)}{}]}`);
    await read(fits, 64, limits);
    for (const value of [
      `[${'0,'.repeat(20)}0]`,
      `[${'{},'.repeat(20)}{}]`,
      `[${'[],'.repeat(20)}[]]`,
      `[{${keys(20)}}]`,
    ])
      expect(await refusalOf(read(staff(`{"id":"a","changes":${value}}`), 64, limits))).toMatchObject({
        code: 'ARCHIVE_LIMIT',
      });
    const metadata = `{"metadata":{"a":[${'0,'.repeat(20)}0]}}`;
    expect(await refusalOf(read(metadata, 64, limits))).toMatchObject({ code: 'ARCHIVE_LIMIT' });
  });

  test('promise 13: a number may have the digits of the longest numeric, and no more', async () => {
    const digits = (count: number) => staff(`{"id":"a","changes":${'9'.repeat(count)}}`);
    await read(digits(147_455), 65_536);
    expect(await refusalOf(read(digits(150_000), 65_536))).toMatchObject({ code: 'ARCHIVE_LIMIT' });
    let taken = 0;
    const endless = async function* () {
      yield Buffer.from('{"metadata":{},"data":{"staff":[{"id":"a","changes":');
      for (; taken < 1000; taken++) yield Buffer.alloc(1000, '9');
    };
    const reading = Array.fromAsync(readBackupJson(endless(), TABLES, { signal: AbortSignal.timeout(60_000) }));
    expect(await refusalOf(reading)).toMatchObject({ code: 'ARCHIVE_LIMIT' });
    expect(taken).toBeLessThan(150);
  });

  test('a JSON value of many thousand pieces comes back as it was', async () => {
    const value = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ [`k${index}`]: index })));
    const pieces = await read(staff(`{"id":"a","changes":${value}}`), 1000);
    expect(JSON.stringify(pieces)).toContain(JSON.stringify(value));
  });

  test('a value may be nested a thousand levels deep, and not without end', async () => {
    const deep = (levels: number) => staff(`{"id":"a","changes":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    await read(deep(1000), 64);
    expect(await refusalOf(read(deep(6000), 64))).toMatchObject({ code: 'ARCHIVE_LIMIT' });
  });
});

test('peekMetadata() reads no further than the metadata, and refuses nothing', async () => {
  let asked = 0;
  const counted = async function* () {
    for await (const piece of pieces(`{"metadata":{"version":"9"},"data":{"what":[1]}}${' '.repeat(1000)}`, 30)) {
      asked++;
      yield piece;
    }
  };
  expect(await peekMetadata(counted())).toEqual({ version: '9' });
  expect(asked).toBe(1);
  expect(await peekMetadata(pieces('{"data":{"staff":[]},"metadata":{"version":"9"}}', 100))).toEqual({});
  expect(await peekMetadata(pieces('nonsense', 100))).toEqual({});
});
