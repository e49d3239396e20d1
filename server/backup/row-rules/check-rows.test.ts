import { expect, test } from 'bun:test';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';
import { type Archive, openArchive } from '../../archive/reader.ts';
import { forever, type SampleChunk, sampleArchive } from '../../archive/sample.fixture.ts';
import { bytesSource, createMemoryStorage } from '../../storage/memory.ts';
import { checkRows, type RowRuleReport } from './check-rows.ts';
import { rowWarnings, rulesBroken } from './describe.ts';

async function check(
  archive: Archive,
  { seed = 7, signal = forever() }: { seed?: number; signal?: AbortSignal } = {},
): Promise<RowRuleReport> {
  const deps = { scratch: createMemoryStorage(() => new Date()), seed };
  return await checkRows(archive, deps, { signal, onProgress: () => undefined });
}

/** Makes an archive of two tables with text columns `id` and `name`; `loans.name` refers to `staff.id`. */
async function sample(
  chunks: SampleChunk[],
  change: (staff: ManifestTable, loans: ManifestTable, manifest: Manifest) => void = () => undefined,
): Promise<Archive> {
  const { bytes } = await sampleArchive({
    chunks,
    change: (manifest) => {
      const table = (name: string) => manifest.tables.find((one) => one.name === name) ?? manifest.tables[0];
      const [staff, loans] = [table('staff'), table('loans')] as [ManifestTable, ManifestTable];
      const target = { schema: 'public', name: 'staff' };
      staff.primaryKey = { name: 'staff_pkey', columns: ['id'] };
      loans.links = [
        {
          name: 'loans_staff',
          columns: ['name'],
          target,
          targetColumns: ['id'],
          onUpdate: 'no action',
          onDelete: 'no action',
        },
      ];
      for (const one of [staff, loans]) one.rules = [];
      change(staff, loans, manifest);
      return manifest;
    },
  });
  return await openArchive(bytesSource(bytes));
}

const lines = (rows: string[]) => ({ rows: rows.length, content: `id,name\n${rows.join('\n')}\n` });
const numbers = (count: number, row: (at: number) => string) => Array.from({ length: count }, (_, at) => row(at));
const unique = (name: string, columns: string[]) => ({
  name,
  columns,
  kind: 'index' as const,
  nullsNotDistinct: false,
});

test('checkRows() names the rows that break a rule by primary key, the first 20 of them, and counts all', async () => {
  const archive = await sample(
    [
      { table: 'staff', ...lines(numbers(30, (at) => `s${at},x`)) },
      { table: 'loans', ...lines(numbers(30, (at) => `l${at},s${at}`)) },
      { table: 'loans', format: 'copy', rows: 25, content: numbers(25, (at) => `m${at}\tnobody ${at}\n`).join('') },
    ],
    (staff, loans) => {
      loans.primaryKey = { name: 'loans_pkey', columns: ['id'] };
      staff.uniques = [unique('staff_name', ['name'])];
    },
  );
  const report = await check(archive);
  expect(report).toMatchObject({ ok: false, checked: 4, rows: 85, unchecked: [], tellsRules: true });
  expect(report.broken).toEqual([
    {
      table: 'public.staff',
      rule: 'staff_name',
      kind: 'unique',
      target: null,
      notValid: false,
      rows: 29,
      keys: numbers(20, (at) => `id = s${at + 1}`),
    },
    {
      table: 'public.loans',
      rule: 'loans_staff',
      kind: 'foreign key',
      target: 'public.staff',
      notValid: false,
      rows: 25,
      keys: numbers(20, (at) => `id = m${at}`),
    },
  ]);
});

test('checkRows() finds the few rows that break a rule among many, whatever the hash, and tells them the same', async () => {
  const count = 350_000;
  const archive = await sample(
    [
      { table: 'staff', ...lines(numbers(count, (at) => `${at === 349_999 ? 17 : at},`)) },
      { table: 'loans', ...lines(numbers(count, (at) => `${at},${at % 1000 === 999 ? 5 : at}`)) },
      { table: 'loans', ...lines(['x,349999', 'y,349998']) },
    ],
    (_, loans) => {
      loans.uniques = [unique('loans_id', ['id'])];
    },
  );
  for (const seed of [1, 2 ** 32 - 1]) {
    const report = await check(archive, { seed });
    expect(report.broken.map(({ rule, rows, keys }) => [rule, rows, keys])).toEqual([
      ['staff_pkey', 1, ['id = 17']],
      ['loans_staff', 1, ['row 1 of Chunk 2 of table public.loans (data/public.loans/00002.csv)']],
    ]);
  }
});

test('checkRows() takes a rule that is NOT VALID for a note, and says when an archive does not tell', async () => {
  const chunks = [
    { table: 'staff', ...lines(['1,a']) },
    { table: 'loans', ...lines(['7,2']) },
  ];
  const kept = await check(
    await sample(chunks, (_, loans) => {
      const definition = 'FOREIGN KEY (name) REFERENCES public.staff(id) NOT VALID';
      loans.rules = [{ name: 'loans_staff', type: 'f', definition, validated: false, columns: ['name'] }];
    }),
  );
  expect(kept).toMatchObject({ ok: true, broken: [{ rule: 'loans_staff', notValid: true, rows: 1 }] });
  expect(rowWarnings(kept)).toEqual([
    expect.stringContaining(
      '1 row of public.loans refers to no row of public.staff (foreign key loans_staff, which is NOT VALID)',
    ),
  ]);
  const old = await check(
    await sample(chunks, (staff, loans) => {
      for (const one of [staff, loans]) delete one.rules;
    }),
  );
  expect(old).toMatchObject({ ok: false, tellsRules: false, broken: [{ rule: 'loans_staff', notValid: null }] });
  expect(rulesBroken('x.zip', old).message).toContain('the archive does not say whether it is valid');
});

test('checkRows() says of each rule it cannot judge that it was not checked, and why', async () => {
  const collation = { schema: 'public', name: 'loose' };
  const facts = { provider: 'i', locale: 'und', ctype: null, rules: null };
  const TYPES: [string, string?][] = [
    ['jsonb', 'jsonb'],
    ['interval', 'interval'],
    ['time with time zone', 'time with time zone'],
    ['money', 'money'],
    ['inet', 'inet'],
    ['int4range', 'int4range'],
    ['text[]', 'text\\[\\]'],
    ['"char"', '"char"'],
    ['public.citext', 'public.citext'],
    ['public.pair', 'public.pair'],
    ['constructor', 'constructor'],
  ];
  for (const [sqlType, shown] of TYPES) {
    const archive = await sample([{ table: 'staff', ...lines(['1,a', '1,a']) }], (staff, _, manifest) => {
      for (const column of staff.columns) column.sqlType = sqlType;
      staff.links = [];
      manifest.types = [
        { kind: 'composite', schema: 'public', name: 'pair', attributes: [{ name: 'a', sqlType: 'integer' }] },
        { kind: 'extension', schema: 'public', name: 'citext' },
      ];
    });
    const report = await check(archive);
    expect(report).toMatchObject({ ok: true, checked: 0, broken: [] });
    expect(report.unchecked).toEqual([
      {
        table: 'public.staff',
        rule: 'staff_pkey',
        reason: expect.stringMatching(new RegExp(`staff.id is of the type ${shown},`)),
      },
    ]);
  }
  const reasons: [string, (staff: ManifestTable, loans: ManifestTable, manifest: Manifest) => void][] = [
    [
      'COLLATE public.loose',
      (staff, _, manifest) => {
        for (const column of staff.columns) column.collation = collation;
        manifest.collations = [{ ...collation, ...facts, deterministic: false }];
      },
    ],
    [
      'public.folded, whose values',
      (staff, _, manifest) => {
        for (const column of staff.columns) column.sqlType = 'public.folded';
        const domain = { kind: 'domain' as const, schema: 'public', name: 'folded', baseType: 'text', notNull: false };
        manifest.types = [{ ...domain, defaultSql: null, checks: [], collation }];
        manifest.collations = [{ ...collation, ...facts, deterministic: false }];
      },
    ],
    [
      'public.ring, whose values',
      (staff, _, manifest) => {
        for (const column of staff.columns) column.sqlType = 'public.ring';
        const domain = {
          kind: 'domain' as const,
          schema: 'public',
          name: 'ring',
          baseType: 'public.ring',
          notNull: false,
        };
        manifest.types = [{ ...domain, defaultSql: null, checks: [] }];
      },
    ],
    [
      'columns of different types are compared: name',
      (staff) => {
        for (const column of staff.columns) column.sqlType = 'character(3)';
      },
    ],
    [
      'public.gone is not in the archive',
      (_, loans) => {
        for (const foreignKey of loans.links) foreignKey.target = { schema: 'public', name: 'gone' };
      },
    ],
    [
      'public.audit is in the archive without its rows',
      (staff, loans, manifest) => {
        for (const foreignKey of loans.links) foreignKey.target = { schema: 'public', name: 'audit' };
        manifest.withoutRows = [{ ...staff, name: 'audit', rows: 0, bytes: 0, reason: 'long' }];
      },
    ],
    [
      'overlapping ranges',
      (staff) => {
        staff.rules = [
          {
            name: 'staff_pkey',
            type: 'p',
            definition: 'PRIMARY KEY (id, at WITHOUT OVERLAPS)',
            validated: true,
            columns: ['id'],
          },
        ];
      },
    ],
    [
      'ranges that contain one another',
      (_, loans) => {
        loans.rules = [
          {
            name: 'loans_staff',
            type: 'f',
            definition: 'FOREIGN KEY (name, PERIOD at) REFERENCES staff(id, PERIOD at)',
            validated: true,
            columns: ['name'],
          },
        ];
      },
    ],
    [
      'exclusion constraint',
      (staff) => {
        staff.rules = [
          { name: 'apart', type: 'x', definition: 'EXCLUDE USING gist (id WITH &&)', validated: true, columns: ['id'] },
        ];
      },
    ],
  ];
  for (const [reason, change] of reasons) {
    const report = await check(
      await sample(
        [
          { table: 'staff', ...lines(['1,a']) },
          { table: 'loans', ...lines(['7,1']) },
        ],
        change,
      ),
    );
    expect([reason, report.ok, report.unchecked.map((one) => one.reason).join()]).toEqual([
      reason,
      true,
      expect.stringContaining(reason),
    ]);
    expect(rowWarnings(report).join()).toContain('not checked: ');
  }
});

test('checkRows() looks for words of a definition outside names only', async () => {
  const archive = await sample([{ table: 'staff', ...lines(['1,a', '2,']) }], (staff) => {
    const target = { schema: 'public', name: 'staff' };
    const columns = ['id', 'name'];
    staff.links = [
      { name: 'self', columns, target, targetColumns: columns, onUpdate: 'no action', onDelete: 'no action' },
    ];
    const definition = 'FOREIGN KEY (id, name) REFERENCES public."(x) MATCH FULL PERIOD y"(id, name)';
    staff.rules = [{ name: 'self', type: 'f', definition, validated: true, columns }];
  });
  expect(await check(archive)).toMatchObject({ ok: true, unchecked: [], checked: 2 });
});

test('checkRows() does not check a table with text that is not UTF-8, nor what refers to it, and checks the others', async () => {
  const content = Buffer.concat([Buffer.from('id,name\n1,'), Buffer.from([0xff]), Buffer.from('\n')]);
  const report = await check(
    await sample(
      [
        { table: 'staff', rows: 1, content },
        { table: 'loans', ...lines(['7,9', '7,9']) },
      ],
      (_, loans) => {
        loans.primaryKey = { name: 'loans_pkey', columns: ['id'] };
      },
    ),
  );
  expect(report.unchecked.map(({ rule }) => rule)).toEqual(['staff_pkey', 'loans_staff']);
  expect(report.broken).toMatchObject([{ rule: 'loans_pkey', rows: 1 }]);
});

test('checkRows() stops with CANCELLED, and refuses rows that are not what the manifest says', async () => {
  const archive = await sample([{ table: 'staff', ...lines(['1,a']) }]);
  expect(await codeOf(check(archive, { signal: AbortSignal.abort() }))).toBe('CANCELLED');
  const wide = await sample([{ table: 'staff', rows: 1, content: 'id,name,more\n1,a,b\n' }]);
  expect(await codeOf(check(wide))).toBe('ARCHIVE_DAMAGED');
});
