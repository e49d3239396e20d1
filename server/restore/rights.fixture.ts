import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import type { TestDatabase } from '../../db/testing/database.ts';
import * as schema from '../../db/testing/fixtures/rights.schema.ts';

export const RIGHTS_MODEL = modelFromSchema(schema);

/**
 * SQL for everything that a right can be revoked from: schemas, tables, partitions, types, functions, sequences, foreign keys inside and
 * across the set.
 */
export const RIGHTS_SQL = `
  CREATE SCHEMA shop; CREATE SCHEMA kit; CREATE SCHEMA aside;
  CREATE TYPE kit.mood AS ENUM ('calm', 'glad');
  CREATE FUNCTION kit.positive(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 > 0; END';
  CREATE DOMAIN kit.amount AS int CHECK (kit.positive(VALUE));
  CREATE TYPE kit.pair AS (a int, b text);
  CREATE FUNCTION kit.folded(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';
  CREATE FUNCTION kit.short(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN length($1) < 100; END';
  CREATE FUNCTION kit.unused(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
  CREATE FUNCTION kit.twice(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 * 2; END';
  CREATE FUNCTION kit.start() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $$new$$; END';
  CREATE SEQUENCE aside.numbers;
  CREATE TABLE aside.countries (code text PRIMARY KEY);
  CREATE TABLE shop.makers (id serial PRIMARY KEY, name text NOT NULL DEFAULT kit.start() CHECK (kit.short(name)));
  CREATE TABLE shop.goods (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, maker_id int NOT NULL REFERENCES shop.makers, country text REFERENCES aside.countries,
    mood kit.mood NOT NULL, moods kit.mood[], price kit.amount, pair kit.pair, number bigint DEFAULT nextval('aside.numbers'), doubled int GENERATED ALWAYS AS (kit.twice(maker_id)) STORED);
  CREATE INDEX goods_mood ON shop.goods (mood);
  CREATE INDEX makers_folded ON shop.makers (kit.folded(name));
  CREATE TABLE shop.sales (day date NOT NULL, goods_id int REFERENCES shop.goods, PRIMARY KEY (day, goods_id)) PARTITION BY RANGE (day);
  CREATE TABLE shop.sales_old PARTITION OF shop.sales FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
  CREATE TABLE shop.sales_new PARTITION OF shop.sales FOR VALUES FROM ('2021-01-01') TO ('2031-01-01');
  CREATE TABLE shop.empty (id int PRIMARY KEY);
  CREATE TABLE aside.notes (id int PRIMARY KEY, maker_id int REFERENCES shop.makers);
  INSERT INTO aside.countries VALUES ('np'), ('de');
  INSERT INTO shop.makers (name) VALUES ('Ama'), ('Bo');
  INSERT INTO shop.goods (maker_id, country, mood, moods, price, pair) VALUES (1, 'np', 'calm', '{calm,glad}', 5, '(1,x)'), (2, 'de', 'glad', NULL, 7, NULL);
  INSERT INTO shop.sales VALUES ('2020-05-05', 1), ('2026-05-05', 2);
  INSERT INTO aside.notes VALUES (1, 1);
  INSERT INTO shop.makers (name) VALUES ('Cy');
  ALTER TABLE shop.makers ADD CONSTRAINT later CHECK (name <> 'Bo') NOT VALID`;

/** One revoked right, with the statement that revokes it and the one that restores it. */
export interface Loss {
  label: string;
  revoke: string;
  restore: string;
}

/** Returns every right that can be revoked from the owner, or from PUBLIC, on every object of the database. */
export async function everyLoss(database: TestDatabase, role: string): Promise<Loss[]> {
  return database.admin<Loss>(
    `
    WITH object(kind, name) AS (
      SELECT 'SCHEMA', quote_ident(nspname) FROM pg_namespace WHERE nspname IN ('shop', 'kit', 'aside')
      UNION ALL SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('shop', 'aside') AND c.relkind IN ('r', 'p', 'S')
      UNION ALL SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::regtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'kit' AND typtype IN ('e', 'd', 'c')
      UNION ALL SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'kit'
      UNION ALL SELECT 'DATABASE', quote_ident(current_database())),
    privilege(kind, names) AS (VALUES ('SCHEMA', '{USAGE,CREATE}'::text[]), ('TABLE', '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'),
      ('SEQUENCE', '{SELECT,UPDATE,USAGE}'), ('TYPE', '{USAGE}'), ('DOMAIN', '{USAGE}'), ('FUNCTION', '{EXECUTE}'), ('DATABASE', '{CREATE,TEMPORARY}'))
    SELECT format('%s on %s %s', p, lower(kind), name) AS label,
           format('REVOKE %s ON %s %s FROM PUBLIC, ${role}', p, kind, name) AS revoke,
           format('GRANT %s ON %s %s TO ${role}', p, kind, name) AS restore
      FROM object JOIN privilege USING (kind), unnest(names) AS p
    UNION ALL
    SELECT format('UPDATE, DELETE and TRUNCATE on table %s', name), format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM ${role}', name), format('GRANT ALL ON %s TO ${role}', name) FROM object WHERE kind = 'TABLE'
    UNION ALL
    SELECT format('ALL on table %s', name), format('REVOKE ALL ON %s FROM ${role}', name), format('GRANT ALL ON %s TO ${role}', name) FROM object WHERE kind = 'TABLE'
    UNION ALL
    SELECT format('ownership of %s %s', lower(kind), name), format('ALTER %s %s OWNER TO palace_owner; GRANT ALL ON %s %s TO ${role}', kind, name, replace(kind, 'DOMAIN', 'TYPE'), name),
           format('ALTER %s %s OWNER TO ${role}', kind, name) FROM object
     WHERE kind <> 'DATABASE' AND NOT (kind = 'SEQUENCE' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = name::regclass AND d.deptype IN ('a', 'i')))
    ORDER BY 1`,
  );
}
