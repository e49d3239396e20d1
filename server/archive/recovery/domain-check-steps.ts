/**
 * Types inside a type. The steps here handle NOT VALID checks of domains in `restore.sql`: PostgreSQL applies them to
 * every value it reads, and would refuse rows older than the check.
 */

const PARTS = `
      SELECT t.typelem WHERE t.typelem <> 0
      UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)`;

/**
 * Records the NOT VALID checks behind the tables' columns, as the target has them, and drops those that the role owns.
 */
export const DOMAIN_CHECKS_OFF = `CREATE TEMPORARY TABLE palace_domain_checks ON COMMIT DROP AS
  WITH RECURSIVE used(oid) AS (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid IN (SELECT id FROM pg_temp.palace_tables) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid, LATERAL (${PARTS}) AS part(oid))
  SELECT c.contypid::regtype AS id, c.conname::text AS name, pg_catalog.pg_get_constraintdef(c.oid) AS definition,
         pg_catalog.obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_catalog.pg_constraint c JOIN used ON used.oid = c.contypid JOIN pg_catalog.pg_type t ON t.oid = used.oid
   WHERE c.contype = 'c' AND NOT c.convalidated AND pg_catalog.pg_has_role(t.typowner, 'USAGE');

DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_domain_checks LOOP
    EXECUTE pg_catalog.format('ALTER DOMAIN %s DROP CONSTRAINT %I', one.id, one.name);
  END LOOP;
END $palace$;`;

/** Puts back exactly what was recorded. */
export const DOMAIN_CHECKS_ON = `DO $palace$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT * FROM pg_temp.palace_domain_checks LOOP
    EXECUTE pg_catalog.format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', one.id, one.name, one.definition);
    EXECUTE pg_catalog.format('COMMENT ON CONSTRAINT %I ON DOMAIN %s IS %L', one.name, one.id, one.comment);
  END LOOP;
END $palace$;`;
