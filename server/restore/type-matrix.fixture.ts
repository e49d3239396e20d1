/** One way in which a definition may differ behind a type's name. */
export interface TypeCase {
  what: string;
  /** The type `it` at the time of the backup, with the types it is made of. */
  was: string;
  is: string;
  value: string;
  /** Expected outcome of a restore: exact values, a schema refused by a reason, or a value refused by SQLSTATE. */
  outcome: 'exact' | { reason: string } | { sqlState: string };
}

const domain = (base: string, rest = '') => `CREATE DOMAIN it AS ${base} ${rest}`;
const composite = (attributes: string) => `CREATE TYPE it AS (${attributes})`;
const labels = (list: string) => `CREATE TYPE it AS ENUM (${list})`;
const table = (columns: string) => `CREATE TABLE it (${columns})`;
const refused = (reason: string) => ({ reason });

const bases = (
  [
    ['numeric(10,4)', 'numeric(10,2)', '1.2345'],
    ['numeric(10,2)', 'numeric', '1.20'],
    ['text', 'integer', '007'],
    ['integer', 'text', '7'],
    ['text', 'character varying(4)', 'abc   '],
    ['character varying(3)', 'character(5)', 'abc'],
    ['character(5)', 'text', 'abc'],
    ['bit(3)', 'bit varying', '101'],
    ['timestamp with time zone', 'timestamp without time zone', '2024-01-02 03:04:05+05'],
    ['timestamp without time zone', 'timestamp with time zone', '2024-01-02 03:04:05'],
    ['timestamp without time zone', 'date', '2024-01-02 03:04:05'],
    ['timestamp(6) without time zone', 'timestamp(0) without time zone', '2024-01-02 03:04:05.678'],
    ['time with time zone', 'time without time zone', '03:04:05+05'],
    ['interval', 'interval year', '1 year 2 mons'],
    ['interval', 'interval day to second(0)', '1 day 00:00:01.5'],
    ['double precision', 'real', '1.2345678901234'],
    ['real', 'double precision', '0.1'],
    ['json', 'jsonb', '{"a": 1,  "a": 2}'],
    ['jsonb', 'json', '{"a": 1}'],
    ['bigint', 'money', '7'],
    ['text', 'name', 'abc'],
    ['text', 'boolean', 'yes'],
    ['text', 'text[]', '{}'],
    ['inet', 'cidr', '10.0.0.0/8'],
  ] as const
).flatMap(([before, today, value]): TypeCase[] => [
  {
    what: `domain over ${before} → ${today}`,
    was: domain(before),
    is: domain(today),
    value,
    outcome: refused(`was over ${before} and is over ${today} today`),
  },
  {
    what: `attribute ${before} → ${today}`,
    was: composite(`a integer, b ${before}`),
    is: composite(`a integer, b ${today}`),
    value: `(1,"${value.replaceAll('"', '""')}")`,
    outcome: refused(`its attribute b was ${before} and is ${today} today`),
  },
  {
    what: `column of a row ${before} → ${today}`,
    was: table(`a integer, b ${before}`),
    is: table(`a integer, b ${today}`),
    value: `(1,"${value.replaceAll('"', '""')}")`,
    outcome: refused(`its attribute b was ${before} and is ${today} today`),
  },
]);

const checks: TypeCase[] = [
  {
    what: 'domain as it was',
    was: domain('numeric(6,2)', 'NOT NULL CHECK (VALUE > 0)'),
    is: domain('numeric(6,2)', 'NOT NULL CHECK (VALUE > 0)'),
    value: '1.20',
    outcome: 'exact',
  },
  {
    what: 'domain that lost its check',
    was: domain('integer', 'CHECK (VALUE > 0)'),
    is: domain('integer'),
    value: '7',
    outcome: 'exact',
  },
  {
    what: 'domain with a new check that the row passes',
    was: domain('integer'),
    is: domain('integer', 'CHECK (VALUE > 0)'),
    value: '7',
    outcome: 'exact',
  },
  {
    what: 'domain with a new check that the row breaks',
    was: domain('integer'),
    is: domain('integer', 'CHECK (VALUE > 10)'),
    value: '7',
    outcome: { sqlState: '23514' },
  },
  {
    what: 'domain with another collation',
    was: domain('text'),
    is: domain('text', 'COLLATE "C"'),
    value: 'ä',
    outcome: 'exact',
  },
];

const enums: TypeCase[] = [
  {
    what: 'enum with a label more, in the middle',
    was: labels(`'a', 'b'`),
    is: labels(`'a', 'new', 'b'`),
    value: 'b',
    outcome: 'exact',
  },
  {
    what: 'enum in another order',
    was: labels(`'a', 'b', 'c'`),
    is: labels(`'c', 'b', 'a'`),
    value: 'a',
    outcome: 'exact',
  },
  {
    what: 'enum without a label nobody uses',
    was: labels(`'a', 'b'`),
    is: labels(`'b'`),
    value: 'b',
    outcome: 'exact',
  },
  {
    what: 'enum without a label that is used',
    was: labels(`'a', 'b'`),
    is: labels(`'b'`),
    value: 'a',
    outcome: { sqlState: '22P02' },
  },
];

const attributes: TypeCase[] = (['composite', 'row'] as const).flatMap((kind): TypeCase[] => {
  const make = kind === 'row' ? table : composite;
  return [
    {
      what: `${kind} as it was`,
      was: make('a text, b text'),
      is: make('a text, b text'),
      value: '(x,y)',
      outcome: 'exact',
    },
    {
      what: `${kind} whose attributes changed places`,
      was: make('a text, b text'),
      is: make('b text, a text'),
      value: '(x,y)',
      outcome: refused('its attributes a, b changed places'),
    },
    {
      what: `${kind} with an attribute more`,
      was: make('a text, b text'),
      is: make('a text, b text, c text'),
      value: '(x,y)',
      outcome: refused('its attribute c is new'),
    },
    {
      what: `${kind} with an attribute less`,
      was: make('a text, b text'),
      is: make('a text'),
      value: '(x,y)',
      outcome: refused('its attribute b is not there today'),
    },
    {
      what: `${kind} with an attribute of another name`,
      was: make('a text, b text'),
      is: make('a text, c text'),
      value: '(x,y)',
      outcome: refused('its attribute b is not there today'),
    },
    {
      what: `${kind} with another collation`,
      was: make('a text, b text'),
      is: make('a text COLLATE "C", b text'),
      value: '(x,y)',
      outcome: 'exact',
    },
    {
      what: `${kind} over a domain that became another`,
      was: `CREATE DOMAIN part AS text; ${make('a part')}`,
      is: `CREATE DOMAIN part AS integer; ${make('a part')}`,
      value: '(007)',
      outcome: refused('was over text and is over integer today'),
    },
    {
      what: `${kind} over an enum in another order`,
      was: `CREATE TYPE part AS ENUM ('x', 'y'); ${make('a part')}`,
      is: `CREATE TYPE part AS ENUM ('y', 'x'); ${make('a part')}`,
      value: '(x)',
      outcome: 'exact',
    },
    {
      what: `${kind} of dropped columns`,
      was: make('a text, b text'),
      is: `${make('gone text, a text, b text')}; ALTER ${kind === 'row' ? 'TABLE it DROP' : 'TYPE it DROP ATTRIBUTE'} gone`,
      value: '(x,y)',
      outcome: 'exact',
    },
  ];
});

const nested: TypeCase[] = [
  {
    what: 'domain over a domain that became another',
    was: `CREATE DOMAIN part AS numeric(9,3); ${domain('part')}`,
    is: `CREATE DOMAIN part AS numeric(9,1); ${domain('part')}`,
    value: '1.234',
    outcome: refused('was over numeric(9,3) and is over numeric(9,1) today'),
  },
  {
    what: 'domain over an array of a domain that became another',
    was: `CREATE DOMAIN part AS text; ${domain('part[]')}`,
    is: `CREATE DOMAIN part AS integer; ${domain('part[]')}`,
    value: '{007}',
    outcome: refused('was over text and is over integer today'),
  },
  {
    what: 'domain over a composite that changed',
    was: `CREATE TYPE part AS (a text, b text); ${domain('part')}`,
    is: `CREATE TYPE part AS (b text, a text); ${domain('part')}`,
    value: '(x,y)',
    outcome: refused('its attributes a, b changed places'),
  },
];

const range = (subtype: string, rest = '') =>
  `CREATE TYPE it AS RANGE (SUBTYPE = ${subtype}${rest}, MULTIRANGE_TYPE_NAME = its)`;
const ranges: TypeCase[] = [
  { what: 'range as it was', was: range('text'), is: range('text'), value: '[a,b)', outcome: 'exact' },
  {
    what: 'range of another type',
    was: range('text'),
    is: range('integer'),
    value: '[1,2)',
    outcome: refused('was a range of text and is one of integer today'),
  },
  {
    what: 'range with another collation',
    was: range('text'),
    is: range('text', ', COLLATION = "C"'),
    value: '[a,b)',
    outcome: refused('had the collation the default and has pg_catalog.C today, and a range is made of it'),
  },
  {
    what: 'range with another order',
    was: range('text'),
    is: range('text', ', SUBTYPE_OPCLASS = text_pattern_ops'),
    value: '[a,b)',
    outcome: refused('was ordered by pg_catalog.text_ops and is by pg_catalog.text_pattern_ops today'),
  },
  {
    what: 'range of a domain that became another',
    was: `CREATE DOMAIN part AS numeric(9,3); ${range('part')}`,
    is: `CREATE DOMAIN part AS numeric(9,1); ${range('part')}`,
    value: '[1.234,2)',
    outcome: refused('was over numeric(9,3) and is over numeric(9,1) today'),
  },
  {
    what: 'range of an enum in another order',
    was: `CREATE TYPE part AS ENUM ('x', 'y', 'z'); ${range('part')}`,
    is: `CREATE TYPE part AS ENUM ('x', 'z', 'y'); ${range('part')}`,
    value: '[x,y)',
    outcome: refused('has its labels in another order today, and a range is made of it'),
  },
  {
    what: 'range of an enum with a label more',
    was: `CREATE TYPE part AS ENUM ('x', 'y'); ${range('part')}`,
    is: `CREATE TYPE part AS ENUM ('x', 'new', 'y'); ${range('part')}`,
    value: '[x,y)',
    outcome: 'exact',
  },
  {
    what: 'range of a composite that changed',
    was: `CREATE TYPE part AS (a text, b text); ${range('part')}`,
    is: `CREATE TYPE part AS (b text, a text); ${range('part')}`,
    value: '["(x,y)","(y,z)")',
    outcome: refused('its attributes a, b changed places'),
  },
];

const KINDS: [made: string, words: string, value: string][] = [
  [labels(`'x', 'y'`), 'an enum', 'x'],
  [domain('text'), 'a domain over text', 'x'],
  [composite('a text'), 'a composite type', '(x)'],
  [table('a text'), 'the row of a table', '(x)'],
  [range('text'), 'a range of text', '[x,y)'],
];
/** A composite type and the row type of a table with the same attributes have the same meaning. */
const alike = new Set(['a composite type', 'the row of a table']);
const kinds = KINDS.flatMap(([made, before, value]) =>
  KINDS.filter(([other]) => other !== made).map(
    ([other, today]): TypeCase => ({
      what: `${before} → ${today}`,
      was: made,
      is: other,
      value,
      outcome: alike.has(before) && alike.has(today) ? 'exact' : refused(`was ${before} and is ${today} today`),
    }),
  ),
);

export const TYPE_CASES: TypeCase[] = [...bases, ...checks, ...enums, ...attributes, ...nested, ...ranges, ...kinds];

/** Positions of a type: a declaration around `it`, the type that results, and the text of its value there. */
export const POSITIONS: { where: string; made: string; type: string; value: (value: string) => string }[] = [
  { where: 'as a column', made: '', type: 'it', value: (value) => value },
  { where: 'as elements of an array', made: '', type: 'it[]', value: (value) => `{${quoted(value)}}` },
  {
    where: 'as an attribute',
    made: 'CREATE TYPE around AS (n integer, it it)',
    type: 'around',
    value: (value) => `(1,${quoted(value, '""')})`,
  },
  {
    where: 'four levels deep',
    made: 'CREATE TYPE inner_one AS (its it[]); CREATE DOMAIN middle AS inner_one; CREATE TYPE outer_one AS (n integer, m middle)',
    type: 'outer_one[]',
    value: (value) => `{${quoted(`(1,${quoted(`(${quoted(`{${quoted(value)}}`, '""')})`, '""')})`)}}`,
  },
];

/** Quotes as arrays do (`\\"`), or as rows do (`""`). */
function quoted(value: string, quote = '\\"'): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', quote)}"`;
}
