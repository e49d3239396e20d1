import { bigint, customType, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';

/** What is walked: a few rows, with every type whose text a setting has a say in, and definitions that hold such values. */

const any = customType<{ data: string }>({ dataType: () => 'any' });

export const model = modelFromSchema({
  values: pgTable('values', {
    id: integer().primaryKey(),
    ...Object.fromEntries(
      [
        ...['d', 'ts', 'tstz', 't', 'ttz', 'iv', 'f4', 'f8', 'by', 'cash', 'x', 'n', 'txt', 'j', 'jb', 'r4', 'rtz'],
        ...['rd', 'ip', 'net', 'point', 'box', 'bits', 'words', 'nums', 'ivs', 'bys', 'xs', 'tbl', 'typ', 'fn', 'vec'],
        ...['pair', 'day', 'mood', 'uid'],
      ].map((name) => [name, any()]),
    ),
  }),
  select: pgTable('select', { id: integer().primaryKey(), parent: integer(), note: text() }),
  Readings: pgTable('Readings', { at: any(), id: bigint({ mode: 'number' }) }),
});

export const SUBJECT_SQL = `
  CREATE TYPE public."Mood" AS ENUM ('calm', 'two words', 'back\\slash');
  CREATE DOMAIN public.day AS date DEFAULT '2020-02-01' CHECK (VALUE > '1900-02-01');
  CREATE TYPE public.pair AS (due date, paid money);
  CREATE TABLE public."select" (id integer PRIMARY KEY, parent integer, note text DEFAULT 'back\\slash',
    CONSTRAINT parents FOREIGN KEY (parent) REFERENCES public."select" DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE public."values" (
    id integer PRIMARY KEY, d date DEFAULT '2020-02-01', ts timestamp DEFAULT '2020-02-01 12:00:00',
    tstz timestamptz DEFAULT '2020-02-01 12:00:00+00', t time, ttz timetz, iv interval DEFAULT '-1 days +02:03:04',
    f4 real, f8 double precision DEFAULT 0.1::double precision, by bytea DEFAULT '\\x00ff', cash money, x xml, n numeric,
    txt text DEFAULT E'tab\\t\\\\', j json, jb jsonb, r4 int4range, rtz tstzrange, rd datemultirange, ip inet, net cidr, point point, box box,
    bits bit varying, words text[] DEFAULT '{NULL}', nums integer[], ivs interval[], bys bytea[], xs xml[], tbl regclass, typ regtype, fn regprocedure,
    vec tsvector, pair public.pair, day public.day, mood public."Mood" DEFAULT 'back\\slash', uid uuid,
    twice double precision GENERATED ALWAYS AS (f8 * 2) STORED,
    CONSTRAINT after CHECK (tstz <> '1900-02-01 00:00:00+00' AND iv <> '-2 days -01:00:00' AND txt <> E'\\\\'),
    CONSTRAINT young CHECK (id > 0) NOT VALID,
    CONSTRAINT single UNIQUE (txt) DEFERRABLE INITIALLY DEFERRED
  );
  CREATE INDEX partly ON public."values" (ts) WHERE d > '2020-02-01' AND by <> '\\x00ff' AND txt <> 'back\\slash';
  CREATE INDEX computed ON public."values" (((f8 + 0.1::double precision)));
  CREATE TABLE public."Readings" (at timestamptz NOT NULL, id bigint) PARTITION BY RANGE (at);
  CREATE TABLE public.readings_old PARTITION OF public."Readings" FOR VALUES FROM (MINVALUE) TO ('2020-02-01 00:00:00+00');
  CREATE TABLE public.readings_new PARTITION OF public."Readings" FOR VALUES FROM ('2020-02-01 00:00:00+00') TO (MAXVALUE);
  CREATE SEQUENCE public.readings_seq OWNED BY public."Readings".id;
  ALTER TABLE public."Readings" ALTER id SET DEFAULT nextval('public.readings_seq');
  CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER noted BEFORE INSERT ON public."select" FOR EACH ROW EXECUTE FUNCTION public.noted();
  -- What a search path may put before the names of the catalog.
  CREATE SCHEMA shadow;
  CREATE FUNCTION shadow.pg_backend_pid() RETURNS integer LANGUAGE sql AS 'SELECT -1';
  CREATE FUNCTION shadow.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'nothing'::text$$;
  CREATE FUNCTION shadow.format_type(oid, integer) RETURNS text LANGUAGE sql AS $$SELECT 'nothing'::text$$;
  CREATE FUNCTION shadow.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR shadow.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = shadow.never);
  CREATE TABLE shadow.pg_class (relname text);
  CREATE DOMAIN shadow.text AS pg_catalog.int4;
`;

/** Days that may be months, fractions that need all their digits, the word NULL, backslashes: what another setting would spell, or read, otherwise. */
export const ROWS_SQL = `
  INSERT INTO public."select" VALUES (1, 2, 'a'), (2, 1, NULL), (3, NULL, 'back\\slash');
  INSERT INTO public."values" VALUES
    (1, '2020-01-02', '2020-01-02 03:04:05.678901', '2020-01-02 03:04:05.678901+05:45', '03:04:05.6', '03:04:05.6+05:45', '-1 days +02:03:04.5',
     1.1000001, 0.1::double precision + 0.2::double precision, '\\x00ff5c41', '1234.56', '<a/>text<b>&lt;</b>', 1234567890.0123456789, E'back\\\\slash "quoted" ''single''',
     '{"a":  "\\\\"}', '{"b": [1, 0.10]}', '[1,5)', '["2020-01-02 03:04:05+00","2020-02-03 00:00:00+00")', '{[2020-01-02,2020-03-04)}', '10.1.2.3/8', '10.0.0.0/8',
     '(0.30000000000000004,1e-300)', '((0.1,0.2),(0.30000000000000004,4))', B'0101', ARRAY[NULL, 'NULL', 'null', 'a"b', 'back\\slash', ''], '{1,NULL}', ARRAY['1 mon -2 days 03:04:05'::interval, NULL],
     ARRAY['\\x5c00'::bytea, NULL], ARRAY['<a/>'::xml, 'b'::xml], 'public."select"', 'public."Mood"', 'pg_catalog.now()', 'a:1 ''b c''', ('2020-01-02', '7.89'), '2020-01-02', 'back\\slash', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    (2, 'infinity', '-infinity', '0044-03-15 12:00:00+00 BC', '24:00', '00:00-15:59', 'P-1Y-2M3DT-4H-5M-6.789S', 'NaN', '-Infinity', '', '-0.01', '', 'NaN', '', 'null', 'null', 'empty', '(,)', '{}', '::1', '::/0',
     '(Infinity,NaN)', '((0,0),(0,0))', B'', '{}', '{}', '{}', '{}', '{}', 'pg_catalog.pg_class', 'timestamp with time zone', 'pg_catalog.format_type(oid,integer)', '', NULL, NULL, 'calm', NULL),
    (3, '12345-06-07', '0001-01-01 00:00:00', '2020-06-01 00:00:00+00', '00:00', '12:00+00', '178000000 years', 1e-30, 5e-324, '\\x', '92233720368547758.07', 'plain &amp; more', 0.00, E'\\\\.', '[]', '{}', '(,)', NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, '{{NULL,a},{b,NULL}}', '{{1,2},{3,4}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'two words', NULL);
  INSERT INTO public."Readings" VALUES ('2020-01-31 23:59:59.999999+00', 1), ('2020-02-01 00:00:00+00', 2), ('2020-02-01 00:00:00+05:45', DEFAULT);
`;

/** Other rows, so that nothing of a restore comes out right by itself. */
export const SCRAMBLE_SQL = `
  TRUNCATE public."values", public."select", public."Readings";
  INSERT INTO public."select" VALUES (99, NULL, 'new');
  SELECT pg_catalog.setval('public.readings_seq', 900);
`;
