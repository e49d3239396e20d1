import { settingsSql } from './settings-sql.ts';

/** Fixed parts of `restore.sql`: none holds a name from a manifest. */

/**
 * Returns the beginning of `restore.sql`: the session settings under which the rows were written, and the transaction.
 * `palace_tables` lists the tables in load order. Set `valuesName` when values name objects, as those of regclass do.
 */
export function head(valuesName: boolean): string {
  return `-- Loads this backup. Run it with psql in the folder that holds data/:
--   psql -X -f restore.sql "postgresql://user@host/database"
-- Tables must exist (schema/*.sql makes them) and be empty. If anything fails, nothing was changed.${valuesName ? VALUES_NAME : ''}
${settingsSql()}

BEGIN;

CREATE TEMPORARY TABLE palace_tables (place integer GENERATED ALWAYS AS IDENTITY, rows bigint, id regclass) ON COMMIT DROP;`;
}

const VALUES_NAME = `
-- Some columns hold names of objects or roles, as regclass does. What they name must exist, too: README.txt says which columns.`;

/**
 * SQL for the rows of one table: without those of inheritance children, but with those of partitions, except partitions
 * on another server.
 */
const ITS_ROWS = `CASE WHEN (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = one.id) <> 'p' THEN 'ONLY ' || one.id::text
    ELSE COALESCE((SELECT '(' || pg_catalog.string_agg('SELECT 1 FROM ONLY ' || tree.relid::text, ' UNION ALL ') || ') AS part'
                     FROM pg_catalog.pg_partition_tree(one.id) AS tree JOIN pg_catalog.pg_class c ON c.oid = tree.relid WHERE c.relkind = 'r'),
                  '(SELECT WHERE false) AS part') END`;

/** Fails when a table has rows. */
export const REFUSE_ROWS = `DO $palace$
DECLARE
  one record;
  filled boolean;
BEGIN
  FOR one IN SELECT id FROM pg_temp.palace_tables ORDER BY place LOOP
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', ${ITS_ROWS}) INTO filled;
    IF filled THEN
      RAISE EXCEPTION 'Table % is not empty; nothing was changed.', one.id
        USING HINT = 'Restore into empty tables, or use the program, which can replace and merge.';
    END IF;
  END LOOP;
END $palace$;`;

/** SQL for these tables and their partitions. */
const ALL_TABLES = `(SELECT id FROM pg_temp.palace_tables UNION SELECT tree.relid FROM pg_temp.palace_tables, pg_catalog.pg_partition_tree(id) AS tree)`;

/**
 * Records, as the target has them, rules that would refuse or change older rows, then takes them off. These are foreign
 * keys among the tables and their partitions, NOT VALID checks, enabled triggers and forced row security.
 */
export const LINKS_AND_TRIGGERS_OFF = `CREATE TEMPORARY TABLE palace_constraints ON COMMIT DROP AS
  SELECT c.conrelid::regclass AS id, c.conname::text AS name, pg_catalog.pg_get_constraintdef(c.oid) AS definition, c.coninhcount AS inherited
    FROM pg_catalog.pg_constraint c
   WHERE c.conparentid = 0 AND c.conrelid IN ${ALL_TABLES}
     AND ((c.contype = 'f' AND c.confrelid IN ${ALL_TABLES}) OR (c.contype IN ('c', 'n') AND NOT c.convalidated AND c.conislocal));

CREATE TEMPORARY TABLE palace_comments ON COMMIT DROP AS
  WITH RECURSIVE heir(oid) AS (
    SELECT oid FROM ${ALL_TABLES} AS one(oid) UNION SELECT i.inhrelid FROM heir JOIN pg_catalog.pg_inherits i ON i.inhparent = heir.oid)
  SELECT c.conrelid::regclass AS id, c.conname::text AS name, pg_catalog.obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_catalog.pg_constraint c
   WHERE c.conrelid IN (SELECT oid FROM heir) AND (c.contype = 'f' OR (c.contype IN ('c', 'n') AND NOT c.convalidated))
     AND pg_catalog.obj_description(c.oid, 'pg_constraint') IS NOT NULL;

CREATE TEMPORARY TABLE palace_triggers ON COMMIT DROP AS
  SELECT t.tgrelid::regclass AS id, t.tgname::text AS name,
         CASE t.tgenabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END AS enable
    FROM pg_catalog.pg_trigger t
   WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgrelid IN ${ALL_TABLES};

CREATE TEMPORARY TABLE palace_forced ON COMMIT DROP AS
  SELECT c.oid::regclass AS id FROM pg_catalog.pg_class c WHERE c.relforcerowsecurity AND c.oid IN ${ALL_TABLES};

DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_constraints ORDER BY inherited LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', one.id, one.name);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_triggers LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', one.id, one.name);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_forced LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s NO FORCE ROW LEVEL SECURITY', one.id);
  END LOOP;
END $palace$;`;

/** Fails unless every table now has the rows the manifest says. */
export const CHECK_COUNTS = `DO $palace$
DECLARE
  one record;
  found bigint;
BEGIN
  FOR one IN SELECT rows, id FROM pg_temp.palace_tables ORDER BY place LOOP
    EXECUTE pg_catalog.format('SELECT count(*) FROM %s', ${ITS_ROWS}) INTO found;
    IF found <> one.rows THEN
      RAISE EXCEPTION 'Table % has % rows, the backup has %; nothing was changed.', one.id, found, one.rows;
    END IF;
  END LOOP;
END $palace$;`;

/** Puts back exactly what was recorded. */
export const LINKS_AND_TRIGGERS_ON = `SET CONSTRAINTS ALL IMMEDIATE;

DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_constraints ORDER BY inherited DESC LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', one.id, one.name, one.definition);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_comments LOOP
    EXECUTE pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', one.name, one.id, one.comment);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_forced LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s FORCE ROW LEVEL SECURITY', one.id);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_triggers LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s %s TRIGGER %I', one.id, one.enable, one.name);
  END LOOP;
END $palace$;`;

/**
 * Returns the statement that updates statistics after the commit. A table with foreign partitions is analyzed by its
 * local partitions, or not at all: sampling the whole would read the other server.
 */
export function analyzeTables(literals: string[]): string {
  return `WITH RECURSIVE one(id) AS (VALUES ${literals.map((literal) => `(${literal}::regclass)`).join(', ')}),
  heir(id, part) AS (SELECT id, id::oid FROM one UNION SELECT heir.id, i.inhrelid FROM heir JOIN pg_catalog.pg_inherits i ON i.inhparent = heir.part),
  far(id) AS (SELECT heir.id FROM heir JOIN pg_catalog.pg_class c ON c.oid = heir.part AND c.relkind = 'f')
SELECT 'ANALYZE ' || id::text FROM one WHERE id NOT IN (SELECT id FROM far)
UNION ALL
SELECT 'ANALYZE ' || heir.part::regclass::text FROM heir JOIN pg_catalog.pg_class c ON c.oid = heir.part
 WHERE heir.id IN (SELECT id FROM far) AND c.relkind = 'r' AND c.relispartition
\\gexec`;
}
