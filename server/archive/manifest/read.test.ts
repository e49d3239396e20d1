import { expect, spyOn, test } from 'bun:test';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { sampleArchive } from '../sample.fixture.ts';
import { encodeManifest, type Manifest, manifestDigest } from './manifest.ts';
import { decodeManifest } from './read.ts';

const { manifest } = await sampleArchive();

function messageOf(changed: Manifest): string {
  try {
    decodeManifest(encodeManifest(changed));
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Returns a copy of the manifest after `change`. */
function changed(change: (copy: Manifest) => void): Manifest {
  const copy = structuredClone(manifest);
  change(copy);
  return copy;
}

function at<Item>(list: Item[], index: number): Item {
  const item = list[index];
  if (item === undefined) throw new Error(`the sample has no item ${index}`);
  return item;
}

test('decodeManifest() gives back what encodeManifest() was given', () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
});

test('encodeManifest() writes one form: JSON indented by one, ending in a newline, with a digest of its own', () => {
  const bytes = encodeManifest(manifest);
  expect(new TextDecoder().decode(bytes)).toStartWith('{\n "formatVersion": "1.1",\n');
  expect(bytes.at(-1)).toBe(10);
  expect(manifestDigest(bytes)).toBe(manifestDigest(encodeManifest(decodeManifest(bytes))));
});

test('decodeManifest() accepts texts in folders', () => {
  const text = { ...at(manifest.entries, 3), name: 'schema/0001.sql' };
  expect(messageOf(changed((copy) => copy.entries.push(text)))).toBe('accepted');
});

const hostileNames = [
  '../x',
  '/etc/passwd',
  'a/../../x',
  'a\0b',
  'C:\\x',
  '..',
  './x',
  'a//b',
  'a/',
  '.hidden',
  'é',
  'a b',
  'data/x',
  'manifest.json',
  'MANIFEST.SIG',
];

for (const name of hostileNames) {
  test(`decodeManifest() refuses a text called ${JSON.stringify(name)}`, () => {
    const entry = { ...at(manifest.entries, 3), name };
    expect(messageOf(changed((copy) => copy.entries.push(entry)))).toContain('is not allowed');
  });
}

test('decodeManifest() refuses a name that comes twice, also when only its case differs', () => {
  for (const name of ['README.txt', 'readme.TXT']) {
    expect(messageOf(changed((copy) => copy.entries.push({ ...at(copy.entries, 3), name })))).toContain(
      'is listed twice',
    );
  }
});

const contradictions: [what: string, expected: string, change: (copy: Manifest) => void][] = [
  [
    'a chunk of an unknown table',
    'belongs to no table',
    (copy) => {
      at(copy.entries, 0).table = { schema: 'public', name: 'nobody' };
    },
  ],
  [
    'a chunk without a table',
    'belongs to no table',
    (copy) => {
      at(copy.entries, 0).table = null;
    },
  ],
  [
    'a chunk with another name than its table and number give',
    'should be named data/public.staff/00001.csv',
    (copy) => {
      at(copy.entries, 0).name = 'data/public.staff/00009.csv';
    },
  ],
  [
    'a chunk whose name climbs',
    'should be named',
    (copy) => {
      at(copy.entries, 0).name = 'data/../00001.csv';
    },
  ],
  [
    'chunk numbers with a gap',
    'should be named data/public.staff/00002.copy',
    (copy) => {
      at(copy.entries, 2).name = 'data/public.staff/00003.copy';
    },
  ],
  [
    'a table with more rows than its chunks',
    'has 5 rows, its chunks hold 4',
    (copy) => {
      at(copy.tables, 0).rows = 5;
      copy.metadata.totalRecords = 6;
    },
  ],
  [
    'a table with other bytes than its chunks',
    'bytes, its chunks hold',
    (copy) => {
      at(copy.tables, 0).bytes += 1;
    },
  ],
  [
    'a wrong total',
    'metadata.totalRecords is 6',
    (copy) => {
      copy.metadata.totalRecords = 6;
    },
  ],
  [
    'a table listed twice',
    'table public.loans is listed twice',
    (copy) => {
      copy.tables.push(structuredClone(at(copy.tables, 1)));
    },
  ],
  [
    'a column listed twice',
    'has a column twice',
    (copy) => {
      at(at(copy.tables, 0).columns, 1).name = 'id';
    },
  ],
  [
    'a text with rows',
    'is text and yet',
    (copy) => {
      at(copy.entries, 3).rows = 1;
    },
  ],
  [
    'an entry of 4 GiB',
    'larger than 4 GiB',
    (copy) => {
      at(copy.entries, 3).size = 2 ** 32 - 1;
    },
  ],
  [
    'a primary key over a missing column',
    'names column nothing',
    (copy) => {
      at(copy.tables, 0).primaryKey = { name: 'pk', columns: ['nothing'] };
    },
  ],
  [
    'a foreign key to a missing column',
    'names column nothing',
    (copy) => {
      at(copy.tables, 0).links = [
        {
          name: 'fk',
          columns: ['id'],
          target: { schema: 'public', name: 'loans' },
          targetColumns: ['nothing'],
          onUpdate: 'no action',
          onDelete: 'no action',
        },
      ];
    },
  ],
  [
    'a foreign key of unequal columns',
    'pairs unequal columns',
    (copy) => {
      at(copy.tables, 0).links = [
        {
          name: 'fk',
          columns: ['id', 'name'],
          target: { schema: 'public', name: 'else' },
          targetColumns: ['id'],
          onUpdate: 'no action',
          onDelete: 'no action',
        },
      ];
    },
  ],
  [
    'negative rows',
    'entries.0.rows',
    (copy) => {
      at(copy.entries, 0).rows = -1;
    },
  ],
  [
    'rows beyond what can be counted',
    'entries.0.rows',
    (copy) => {
      at(copy.entries, 0).rows = 2 ** 60;
    },
  ],
  [
    'a hash that is none',
    'entries.0.sha256',
    (copy) => {
      at(copy.entries, 0).sha256 = 'x';
    },
  ],
  [
    'a NUL in a table name',
    'tables.0.name',
    (copy) => {
      at(copy.tables, 0).name = 'a\0b';
    },
  ],
  [
    'a time that is none',
    'metadata.timestamp',
    (copy) => {
      copy.metadata.timestamp = 'yesterday';
    },
  ],
];

for (const [what, expected, change] of contradictions) {
  test(`decodeManifest() refuses ${what}`, () => {
    expect(messageOf(changed(change))).toContain(expected);
  });
}

/** Returns the sample's manifest without one member, unclosed, so that members can be appended. */
function without(key: keyof Manifest): string {
  return JSON.stringify({ ...manifest, [key]: undefined }).slice(0, -1);
}

/** Texts that would expand enormously if parsed or validated as a whole, each with the limit that must stop it. */
const MANY = 400_000;
const hostile: [what: string, code: ErrorCode, text: () => string][] = [
  ['a list of empty objects', 'ARCHIVE_DAMAGED', () => `{"formatVersion":"1.0","tables":[${'{},'.repeat(MANY)}{}]}`],
  ['a list of empty lists', 'ARCHIVE_DAMAGED', () => `${without('warnings')},"warnings":[${'[],'.repeat(MANY)}[]]}`],
  ['columns that are empty objects', 'ARCHIVE_DAMAGED', () => `{"tables":[{"columns":[${'{},'.repeat(90_000)}{}]}]}`],
  ['one item of very many', 'ARCHIVE_LIMIT', () => `{"tables":[{"columns":[${'{},'.repeat(MANY)}{}]}]}`],
  [
    'more items than any list has',
    'ARCHIVE_LIMIT',
    () => `${without('warnings')},"warnings":[${'"",'.repeat(500_000)}""]}`,
  ],
  [
    'a member of many values that nobody knows',
    'ARCHIVE_LIMIT',
    () => `${without('types')},"later":{"a":[${'0,'.repeat(MANY)}0]}}`,
  ],
  ['levels without end', 'ARCHIVE_LIMIT', () => `{"later":${'['.repeat(MANY)}`],
  ['a text of megabytes', 'ARCHIVE_LIMIT', () => `{"later":"${'x'.repeat(9_000_000)}"}`],
  ['a number of megabytes', 'ARCHIVE_LIMIT', () => `{"later":${'9'.repeat(MANY)}}`],
  ['a word of megabytes', 'ARCHIVE_LIMIT', () => `{"later":${'x'.repeat(MANY)}}`],
  ['keys without end', 'ARCHIVE_LIMIT', () => `{${Array.from({ length: 300 }, (_, index) => `"k${index}":0`).join()}}`],
  ['a member that is there twice', 'ARCHIVE_DAMAGED', () => `${without('types')},"types":[],"types":[]}`],
  ['a quote that does not end', 'ARCHIVE_DAMAGED', () => `{"later":"${'\\"'.repeat(MANY)}`],
  ['nothing', 'ARCHIVE_DAMAGED', () => ''],
  ['a list', 'ARCHIVE_DAMAGED', () => '[]'],
  ['something behind it', 'ARCHIVE_DAMAGED', () => `${JSON.stringify(manifest)}{}`],
  ['a list that is cut', 'ARCHIVE_DAMAGED', () => `${without('types')},"types":[`],
  ['a comma too many', 'ARCHIVE_DAMAGED', () => `${without('types')},"types":[],}`],
];

for (const [what, code, text] of hostile) {
  test(`promise 13: decodeManifest() refuses ${what} with few words, and makes nothing of what follows`, () => {
    const bytes = Buffer.from(text());
    const error = (() => {
      try {
        return decodeManifest(bytes);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(AppError);
    if (!(error instanceof AppError)) return;
    expect([error.code, error.message.length < 5000, JSON.stringify(error.details ?? {}).length < 10_000]).toEqual([
      code,
      true,
      true,
    ]);
  });
}

test('promise 13: of a list only what stands before its first fault is made', () => {
  const parse = spyOn(JSON, 'parse');
  try {
    const text = `{"formatVersion":"1.0","tables":[${'{},'.repeat(1000)}{}]}`;
    expect(() => decodeManifest(Buffer.from(text))).toThrow('tables.0.schema');
    expect(parse.mock.calls.length).toBeLessThan(10);
  } finally {
    parse.mockRestore();
  }
});

test('what follows a quote is told by the backslashes before it, however many', () => {
  for (let slashes = 0; slashes < 6; slashes++) {
    const note = `${'\\'.repeat(slashes)}"],[{`;
    const copy = { ...manifest, warnings: [note, '', note] };
    expect(decodeManifest(encodeManifest(copy)).warnings).toEqual(copy.warnings);
  }
});
