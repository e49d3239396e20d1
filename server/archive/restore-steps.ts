import { settingsSql } from './settings-sql.ts';

/** The fixed parts of `restore.sql`: no name from a manifest stands in them. */

/** Returns the beginning: session settings as when the rows were written, and the transaction. `palace_tables` lists the tables in load order. */
export function head(): string {
  return `-- Loads this backup. Run it with psql in the folder that holds data/:
--   psql -X -f restore.sql "postgresql://user@host/database"
-- Tables must exist (schema/*.sql makes them) and be empty. If anything fails, nothing was changed.
${settingsSql()}

BEGIN;

CREATE TEMPORARY TABLE palace_tables (place integer GENERATED ALWAYS AS IDENTITY, rows bigint, id regclass) ON COMMIT DROP;`;
}

/** The rows of an inheritance child are not its parent's; those of a partition are. */
const ITS_ROWS = `CASE (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = one.id) WHEN 'p' THEN '' ELSE 'ONLY ' END || one.id::text`;

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

/** Notes the links among these tables and the enabled triggers of them and their partitions as the target has them, then takes them off. */
export const LINKS_AND_TRIGGERS_OFF = `CREATE TEMPORARY TABLE palace_links ON COMMIT DROP AS
  SELECT c.conrelid::regclass AS id, c.conname::text AS name, pg_catalog.pg_get_constraintdef(c.oid) AS definition
    FROM pg_catalog.pg_constraint c
   WHERE c.contype = 'f' AND c.conparentid = 0
     AND c.conrelid IN (SELECT id FROM pg_temp.palace_tables) AND c.confrelid IN (SELECT id FROM pg_temp.palace_tables);

CREATE TEMPORARY TABLE palace_triggers ON COMMIT DROP AS
  SELECT t.tgrelid::regclass AS id, t.tgname::text AS name,
         CASE t.tgenabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END AS enable
    FROM pg_catalog.pg_trigger t
   WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
     AND t.tgrelid IN (SELECT id FROM pg_temp.palace_tables UNION SELECT tree.relid FROM pg_temp.palace_tables, pg_catalog.pg_partition_tree(id) AS tree);

DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_links LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', one.id, one.name);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_triggers LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', one.id, one.name);
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

/** Puts back what was noted, exactly. */
export const LINKS_AND_TRIGGERS_ON = `SET CONSTRAINTS ALL IMMEDIATE;

DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_links LOOP
    EXECUTE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', one.id, one.name, one.definition);
  END LOOP;
  FOR one IN SELECT * FROM pg_temp.palace_triggers LOOP
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s %s TRIGGER %I', one.id, one.enable, one.name);
  END LOOP;
END $palace$;`;
