import type { Manifest } from '../../archive/manifest/manifest.ts';

/** Random small tables with keys and foreign keys that their rows may or may not keep. */

/** Values of each type, some of them equal but written differently. A rule over any of these types must be checked, not skipped. */
export const VALUES: Record<string, string[]> = {
  smallint: ['1', '2', '-3'],
  integer: ['1', '2', '-3'],
  bigint: ['1', '2', '-3', '9007199254740993', '9007199254740992'],
  numeric: ['1', '1.0', '1.00', '0', '0.00', '-0', '100', '1e2', '10.050', 'NaN', '9007199254740993.0'],
  'numeric(12,2)': ['1', '2.5', '2.50', '100', '-3'],
  real: ['0', '-0', '1', '0.1', 'NaN', 'Infinity', '1e30'],
  'double precision': ['0', '-0', '1', '0.1', 'NaN', '1e300'],
  text: ['a', 'A', 'a ', '', 'é', 'e\u0301', '\ufeffa', 'a\tb', 'a"b', 'a\nb', '\\N', '-', '1:a', '\\.'],
  'character varying(9)': ['a', 'A', 'a ', '', '1', '\\N'],
  'character(4)': ['a', 'a ', 'A'],
  'character(6)': ['a', 'a  ', 'A'],
  name: ['a', 'A', 'b'],
  uuid: [
    '6F9619FF-8B86-4D01-B42D-00CF4FC964FF',
    '6f9619ff8b864d01b42d00cf4fc964ff',
    '00000000-0000-0000-0000-000000000000',
  ],
  boolean: ['t', 'true', 'no'],
  bytea: ['\\x00', '\\000', '\\xff', '\\xFF', ''],
  date: ['2026-01-01', '20260101', '0044-03-15 BC', 'infinity'],
  'timestamp without time zone': ['2026-01-01 00:00', '2026-01-01', '2026-01-01 00:00:00.5', '2026-01-01 00:00:00.50'],
  'timestamp(0) without time zone': ['2026-01-01 00:00:00.2', '2026-01-01', '2026-01-01 00:00:01'],
  'timestamp with time zone': [
    '2026-01-01 00:00+00',
    '2026-01-01 01:00+01',
    '2026-10-25 02:30 Europe/Berlin',
    '-infinity',
  ],
  'time without time zone': ['00:00', '24:00', '12:00:00.0'],
  'bit(3)': ['101', '110'],
  'bit varying': ['1', '10', '01', ''],
  macaddr: ['08:00:2b:01:02:03', '08002b010203', '08-00-2b-01-02-04'],
  oid: ['1', '2', '4294967295'],
  'public.mood': ['low', 'HIGH', 'low '.trim()],
  'public.code': ['a', 'b', 'a '],
  'public.deeper': ['a', 'b', 'a '],
  'public.share': ['1', '1.0', '2.50', '2.5'],
};

export const RANDOM_TYPES = `
  CREATE TYPE public.mood AS ENUM ('low', 'HIGH');
  CREATE DOMAIN public.code AS character varying(9);
  CREATE DOMAIN public.deeper AS public.code COLLATE "C";
  CREATE DOMAIN public.share AS numeric(9,3)`;

const domain = { kind: 'domain' as const, schema: 'public', notNull: false, defaultSql: null, checks: [] };

/** The same types as a manifest describes them. */
export const RANDOM_TYPES_IN_MANIFEST: Pick<Manifest, 'types'> = {
  types: [
    { kind: 'enum', schema: 'public', name: 'mood', labels: ['low', 'HIGH'] },
    { ...domain, name: 'code', baseType: 'character varying(9)' },
    { ...domain, name: 'deeper', baseType: 'public.code', collation: { schema: 'pg_catalog', name: 'C' } },
    { ...domain, name: 'share', baseType: 'numeric(9,3)' },
  ],
};

/** Pairs of different types that a foreign key may connect. */
const WIDER: Record<string, string> = {
  integer: 'bigint',
  smallint: 'numeric',
  bigint: 'numeric',
  'character varying(9)': 'text',
  'numeric(12,2)': 'numeric',
  'timestamp(0) without time zone': 'timestamp without time zone',
  'public.code': 'text',
  'character(4)': 'character(6)',
};

export interface RandomRule {
  table: string;
  name: string;
  /** Definition after ADD CONSTRAINT; `%` stands for the schema. */
  definition: string;
  /** The table and columns that a foreign key refers to; null for other rules. */
  target: { table: string; columns: string[] } | null;
}

export interface RandomTable {
  name: string;
  /** Name and type. */
  columns: [string, string][];
  rows: (string | null)[][];
}

export function randomRules(count: number, random: () => number): { tables: RandomTable[]; rules: RandomRule[] } {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const types = Object.keys(VALUES);
  const tables: RandomTable[] = [];
  const rules: RandomRule[] = [];
  const rowsOf = (columns: [string, string][]) =>
    Array.from({ length: below(4) }, () =>
      columns.map(([, type]) => (random() < 0.15 ? null : pick(VALUES[type] ?? []))),
    );
  for (let index = 0; index < count; index++) {
    const width = 1 + below(2);
    // By turns, so that each type occurs.
    const columns = Array.from({ length: width }, (_, column): [string, string] => [
      `c${column}`,
      column === 0 ? (types[index % types.length] ?? 'text') : pick(types),
    ]);
    const names = columns.map(([name]) => name);
    const key = { table: `keys_${index}`, columns: names };
    tables.push({ name: key.table, columns, rows: rowsOf(columns) });
    const kind = pick(['PRIMARY KEY', 'UNIQUE', 'UNIQUE NULLS NOT DISTINCT']);
    rules.push({ table: key.table, name: `key_${index}`, definition: `${kind} (${names.join(', ')})`, target: null });

    const self = random() < 0.25;
    const ownColumns = columns.map(([name, type]): [string, string] => [
      `r${name}`,
      random() < 0.6 ? pick(narrower(type)) : type,
    ]);
    const own = ownColumns.map(([name]) => name);
    const match = random() < 0.5 ? ' MATCH FULL' : '';
    const definition = `FOREIGN KEY (${own.join(', ')}) REFERENCES %."${key.table}" (${names.join(', ')})${match}`;
    if (self) {
      const table = tables.at(-1) as RandomTable;
      table.columns.push(...ownColumns);
      table.rows = rowsOf(table.columns);
    } else tables.push({ name: `links_${index}`, columns: ownColumns, rows: rowsOf(ownColumns) });
    const table = tables.at(-1)?.name ?? '';
    rules.push({ table, name: `link_${index}`, definition, target: key });
  }
  return { tables, rules };
}

function narrower(type: string): string[] {
  const found = Object.keys(WIDER).filter((from) => WIDER[from] === type);
  return found.length > 0 ? found : [type];
}
