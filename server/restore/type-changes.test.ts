import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { UserType } from '../archive/manifest/manifest.ts';
import { TypeComparison } from './type-changes.ts';
import type { TypeBook } from './type-definitions.ts';

const name = (of: string) => ({ schema: 'public', name: of });
const text = fc.constantFrom('text', 'integer', 'numeric(9,2)', 'public.t0', 'public.t0[]');
const attributes = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), sqlType: text }), {
  selector: (attribute) => attribute.name,
  minLength: 1,
});
const leaf = fc.oneof(
  fc.record({ kind: fc.constant('enum' as const), labels: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')) }),
  fc.record({
    kind: fc.constant('domain' as const),
    baseType: fc.constantFrom('text', 'integer', 'numeric(9,2)'),
    notNull: fc.boolean(),
    defaultSql: fc.constant(null),
    checks: fc.array(fc.record({ name: fc.constant('c'), definition: fc.constantFrom('CHECK (1)', 'CHECK (2)') })),
  }),
);
const whole = fc.oneof(
  fc.record({ kind: fc.constant('composite' as const), attributes }),
  fc.record({ kind: fc.constant('range' as const), subtype: text, multirange: fc.constant(name('ranges')) }),
);
const book = fc.tuple(leaf, whole).map(
  ([first, second]): TypeBook => ({
    types: [
      { ...first, ...name('t0') },
      { ...second, ...name('t1') },
    ],
    otherTypes: [],
  }),
);
const COLUMNS = ['public.t0', 'public.t1', 'public.t1[]', 'public.ranges', 'text'];
const meanings = (was: TypeBook, is: TypeBook, sqlType: string) =>
  new TypeComparison(was, is).changes(sqlType).filter(({ kind }) => kind === 'meaning');

test('promise 2: a definition differs in nothing from itself, whatever it is', () => {
  fc.assert(
    fc.property(book, fc.constantFrom(...COLUMNS), (one, column) => {
      expect(new TypeComparison(one, structuredClone(one)).changes(column)).toEqual([]);
    }),
  );
});

test('promise 2: what means something else there means something else back, and in arrays of it too', () => {
  fc.assert(
    fc.property(book, book, fc.constantFrom('public.t0', 'public.t1'), (one, other, column) => {
      const differs = meanings(one, other, column).length > 0;
      expect(meanings(other, one, column).length > 0).toBe(differs);
      expect(meanings(one, other, `${column}[]`).length > 0).toBe(differs);
    }),
    { numRuns: 500 },
  );
});

test('promise 2: two composites pass only with the same attributes in the same order', () => {
  fc.assert(
    fc.property(attributes, attributes, (before, today) => {
      const of = (list: typeof before): TypeBook => ({
        types: [
          { kind: 'enum', ...name('t0'), labels: [] },
          { kind: 'composite', ...name('t1'), attributes: list },
        ],
        otherTypes: [],
      });
      const passes = meanings(of(before), of(today), 'public.t1').length === 0;
      expect(passes).toBe(JSON.stringify(before) === JSON.stringify(today));
    }),
    { numRuns: 500 },
  );
});

const base: TypeBook = {
  types: [],
  otherTypes: [{ kind: 'base', ...name('t'), input: 'public.t_in', output: 'public.t_out' }],
};
const domain: UserType = {
  kind: 'domain',
  ...name('t'),
  baseType: 'text',
  notNull: false,
  defaultSql: null,
  checks: [],
};
const extension = (members?: string[]): UserType => ({
  kind: 'extension',
  ...name('ext'),
  ...(members && { members: members.map(name) }),
});

test.each<[what: string, was: TypeBook, is: TypeBook, fits: boolean]>([
  ['a type made of functions, as it was', base, base, true],
  [
    'one made of other functions',
    base,
    { types: [], otherTypes: [{ kind: 'base', ...name('t'), input: 'public.u_in', output: 'public.t_out' }] },
    false,
  ],
  ['one that became a domain', base, { types: [domain], otherTypes: [] }, false],
  [
    'a type of an extension, whatever its version',
    { types: [extension(['t'])], otherTypes: [] },
    { types: [{ ...extension(['t']), version: '9' } as UserType], otherTypes: [] },
    true,
  ],
  [
    'a type of an extension that became a domain',
    { types: [extension(['t'])], otherTypes: [] },
    { types: [domain], otherTypes: [] },
    false,
  ],
  ['in format 1.0, a type made of functions', { types: [] }, base, true],
  [
    'in format 1.0, a type of an extension',
    { types: [extension()] },
    { types: [extension(['t'])], otherTypes: [] },
    true,
  ],
  [
    'in format 1.0, a type of an extension that the backup had not',
    { types: [] },
    { types: [extension(['t'])], otherTypes: [] },
    false,
  ],
  [
    'in format 1.0, a type that is not told and is a domain today',
    { types: [extension()] },
    { types: [domain], otherTypes: [] },
    false,
  ],
  [
    'in format 1.0, a domain that says nothing of collations',
    { types: [domain] },
    { types: [{ ...domain, collation: name('c') }], otherTypes: [] },
    true,
  ],
])('%s', (_, was, is, fits) => {
  expect(meanings(was, is, 'public.t').length === 0).toBe(fits);
});

const ORDERS = [
  { provider: 'c', locale: 'en_US.UTF-8', rules: null },
  { provider: 'c', locale: 'sv_SE.UTF-8', rules: null },
  { provider: 'i', locale: 'en-US', rules: null },
  { provider: 'i', locale: 'en-US', rules: '&a < b' },
  { provider: 'c', locale: 'C', rules: null },
  { provider: 'b', locale: 'C.UTF-8', rules: null },
];
const BEHIND: [what: string, types: UserType[]][] = [
  ['text', [{ kind: 'range', ...name('t'), subtype: 'text', multirange: name('ranges') }]],
  [
    'a domain over text',
    [
      { ...domain, ...name('d') },
      { kind: 'range', ...name('t'), subtype: 'public.d', multirange: name('ranges') },
    ],
  ],
  [
    'a row with a varchar in it',
    [
      { kind: 'composite', ...name('d'), attributes: [{ name: 'a', sqlType: 'character varying(9)' }] },
      { kind: 'range', ...name('t'), subtype: 'public.d', multirange: name('ranges') },
    ],
  ],
];

test.each(BEHIND)(
  'promise 2: a range or multirange of %s made under another order of the database is refused',
  (_, types) => {
    for (const was of ORDERS)
      for (const is of ORDERS) {
        const isBytewise = ({ locale }: typeof was) => locale.startsWith('C');
        const alike = was === is || (isBytewise(was) && isBytewise(is));
        const [before, today] = [was, is].map((defaultCollation) => ({ types, otherTypes: [], defaultCollation }));
        for (const column of ['public.t', 'public.ranges[]'])
          expect(meanings(before as TypeBook, today as TypeBook, column).length).toBe(alike ? 0 : 1);
        expect(meanings({ types, otherTypes: [] }, today as TypeBook, 'public.t')).toEqual([]);
      }
  },
);

test('ranges of numbers, and of text with a collation of its own, do not hang on the order of the database', () => {
  const c = { schema: 'pg_catalog', name: 'C' };
  const types: UserType[] = [
    { kind: 'range', ...name('n'), subtype: 'numeric', multirange: name('ns') },
    { kind: 'range', ...name('t'), subtype: 'text', multirange: name('ts'), collation: c },
  ];
  const [was, is] = [ORDERS[0], ORDERS[1]].map((order) => ({ types, otherTypes: [], defaultCollation: order }));
  for (const column of ['public.n', 'public.ns', 'public.t', 'public.ts', 'text'])
    expect(new TypeComparison(was as TypeBook, is as TypeBook).changes(column)).toEqual([]);
});

test('a manifest whose types are made of themselves ends the comparison all the same', () => {
  const circle: TypeBook = {
    types: [{ kind: 'composite', ...name('t'), attributes: [{ name: 'a', sqlType: 'public.t[]' }] }],
  };
  expect(new TypeComparison(circle, structuredClone(circle)).changes('public.t')).toEqual([]);
});
