import type { Manifest, ManifestTable } from '../manifest/manifest.ts';
import { sampleManifest } from '../sample.fixture.ts';

type Column = ManifestTable['columns'][number];
type ForeignKey = ManifestTable['links'][number];

export const NASTY_TABLE = 'we"i\n\\! id \' $palace$ :AUTOCOMMIT `id` %s 💾';
export const SPACED_TABLE = 'two words; DROP TABLE "nodes"; -- \\q';

function column(name: string, sqlType: string, rest: Partial<Column> = {}): Column {
  return { name, key: name, sqlType, notNull: false, defaultSql: null, generated: null, identity: null, ...rest };
}

function table(schema: string, name: string, columns: Column[], rest: Partial<ManifestTable> = {}): ManifestTable {
  return { schema, name, key: name, columns, primaryKey: null, uniques: [], links: [], rows: 0, bytes: 0, ...rest };
}

function foreignKey(
  name: string,
  from: string,
  target: { schema: string; name: string },
  to: string,
  onDelete: ForeignKey['onDelete'] = 'no action',
): ForeignKey {
  return { name, columns: [from], target, targetColumns: [to], onUpdate: 'cascade', onDelete };
}

const key = (name: string, ...columns: string[]) => ({ name, columns });

/**
 * Returns a manifest without entries that needs everything DDL can express: every kind of type, cyclic foreign keys,
 * names that look like commands.
 */
export function awkwardManifest(): Manifest {
  const nodes = { schema: 'public', name: 'nodes' };
  const owners = { schema: 'Other Schema', name: 'Owners' };
  const nasty = { schema: 'Other Schema', name: NASTY_TABLE };
  const spaced = { schema: 'public', name: SPACED_TABLE };
  return {
    ...sampleManifest([]),
    types: [
      { kind: 'enum', schema: 'public', name: 'Mood', labels: ["it's", 'back\\slash', 'two words', ''] },
      {
        kind: 'domain',
        schema: 'public',
        name: 'Email Address',
        baseType: 'character varying(80)',
        notNull: false,
        defaultSql: "'x@y'::character varying",
        checks: [{ name: 'has at', definition: "CHECK (((VALUE)::text ~~ '%@%'::text))" }],
      },
      {
        kind: 'composite',
        schema: 'Other Schema',
        name: 'Pair',
        attributes: [
          { name: 'left "part"', sqlType: 'integer' },
          { name: 'mood', sqlType: 'public."Mood"' },
        ],
      },
      {
        kind: 'range',
        schema: 'public',
        name: 'Span',
        subtype: 'double precision',
        multirange: { schema: 'public', name: 'Spans' },
      },
    ],
    tables: [
      table(
        'public',
        'nodes',
        [
          column('id', 'integer', { notNull: true, identity: 'always' }),
          column('parent', 'integer'),
          column('owner', 'bigint'),
          column('body', 'text', { defaultSql: "'a:b\\c'::text" }),
          column('mood', 'public."Mood"', { notNull: true, defaultSql: "'it''s'::public.\"Mood\"" }),
          column('mail', 'public."Email Address"'),
          column('pair', '"Other Schema"."Pair"'),
          column('span', 'public."Span"'),
          column('amount', 'numeric(120,3)'),
          column('twice', 'numeric', { generated: { expression: '(amount * (2)::numeric)', kind: 'stored' } }),
          column('tags', 'text[]'),
          column('at', 'timestamp(3) without time zone', { notNull: true, defaultSql: 'CURRENT_TIMESTAMP' }),
          column('raw', 'bytea'),
          column('doc', 'jsonb'),
        ],
        {
          primaryKey: key('nodes_pkey', 'id'),
          links: [
            foreignKey('nodes_parent', 'parent', nodes, 'id', 'cascade'),
            foreignKey('nodes_owner', 'owner', owners, 'Id', 'set null'),
          ],
        },
      ),
      table(
        'Other Schema',
        'Owners',
        [
          column('Id', 'bigint', {
            notNull: true,
            defaultSql: 'nextval(\'"Other Schema"."Owners_Id_seq"\'::regclass)',
          }),
          column('favourite', 'integer'),
          column('code', 'text'),
        ],
        {
          primaryKey: key('Owners "pkey"', 'Id'),
          uniques: [
            { name: 'code constraint', columns: ['code'], kind: 'constraint', nullsNotDistinct: false },
            { name: 'fav_code', columns: ['favourite', 'code'], kind: 'index', nullsNotDistinct: false },
          ],
          links: [foreignKey('favourite node', 'favourite', nodes, 'id')],
        },
      ),
      table(
        'Other Schema',
        NASTY_TABLE,
        [
          column('col\'umn\n"; \\! id', 'text', { notNull: true }),
          column('by default', 'integer', { identity: 'always', notNull: true }),
          column('plain', 'text'),
        ],
        { primaryKey: key('nasty\npkey', 'by default') },
      ),
      table('public', SPACED_TABLE, [column('a b', 'text'), column('c:d', 'integer')], {
        links: [foreignKey('to nasty', 'c:d', nasty, 'by default')],
      }),
      table('public', 'empty', [column('only', 'text')], { links: [] }),
    ].map((one) => (one.name === spaced.name ? { ...one, uniques: [] } : one)),
    sequences: [
      sequence(
        'public',
        'nodes_id_seq',
        'integer',
        '2147483647',
        { schema: 'public', name: 'nodes', column: 'id' },
        '41',
        true,
      ),
      sequence(
        'Other Schema',
        'Owners_Id_seq',
        'bigint',
        '9223372036854775807',
        { ...owners, column: 'Id' },
        '9007199254740993',
        true,
      ),
      sequence('Other Schema', 'nasty seq', 'integer', '2147483647', { ...nasty, column: 'by default' }, '7', false),
      sequence('public', 'free\nseq', 'smallint', '100', null, '100', true),
    ],
    cycles: [['public.nodes', 'Other Schema.Owners']],
    warnings: ['a warning\nwith a forged line'],
  };
}

function sequence(
  schema: string,
  name: string,
  dataType: Manifest['sequences'][number]['dataType'],
  max: string,
  ownedBy: Manifest['sequences'][number]['ownedBy'],
  lastValue: string,
  isCalled: boolean,
): Manifest['sequences'][number] {
  return {
    schema,
    name,
    ownedBy,
    dataType,
    start: '1',
    increment: '1',
    min: '1',
    max,
    cache: '1',
    cycle: ownedBy === null,
    lastValue,
    isCalled,
  };
}

/** Rows for the tables of `awkwardManifest`, as SQL. */
export const AWKWARD_ROWS = `
  SET CONSTRAINTS ALL DEFERRED;
  INSERT INTO "Other Schema"."Owners" ("Id", favourite, code) VALUES (1, NULL, 'a'), (2, NULL, NULL), (9007199254740993, NULL, '');
  INSERT INTO public.nodes (id, parent, owner, body, mood, mail, pair, span, amount, tags, raw, doc) OVERRIDING SYSTEM VALUE VALUES
    (3, NULL, 1, E'line\\n\\\\.\\nline', 'it''s', 'a@b', ROW(1, 'two words'), '[1,2)', 12345678901234567890.123, ARRAY['x,y', NULL, '"'], '\\x00ff0a', 'null'),
    (1, 3, 2, '', 'back\\slash', NULL, NULL, 'empty', 'NaN', '{}', '', '{"a": [1, "ü💾"]}'),
    (2, 1, NULL, NULL, '', 'Q@', ROW(NULL, NULL), NULL, NULL, NULL, NULL, NULL),
    (41, 41, NULL, E'\\b\\f\\r\\t\\v\\\\N "quoted", ''single''', 'two words', NULL, NULL, NULL, -0.001, NULL, NULL, NULL);
  UPDATE "Other Schema"."Owners" SET favourite = 3 WHERE "Id" = 1;
`;
