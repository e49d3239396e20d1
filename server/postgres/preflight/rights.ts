import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';

/** A missing right, and the statement that grants it. */
export interface MissingRight {
  table: string;
  message: string;
  grant: string;
}

/**
 * Returns the rights this session's role lacks to read every row of these tables and their partitions, and the positions of their
 * sequences. Reads no definition, so that it waits for no lock.
 */
export async function missingForBackup(session: Session, tables: ObjectName[]): Promise<MissingRight[]> {
  const found = await session.query<ReadRights>(READ_RIGHTS_SQL, [
    tables.map((table) => table.schema),
    tables.map((table) => table.name),
  ]);
  return found.flatMap((object): MissingRight[] => {
    const [name, role] = [qualifiedName(object), quoteIdent(object.role)];
    const what = object.sequence ? 'SEQUENCE ' : '';
    return [
      ...(object.schemaUsable
        ? []
        : [
            {
              table: name,
              message: `${object.role} may not use the schema of ${name}`,
              grant: `GRANT USAGE ON SCHEMA ${quoteIdent(object.schema)} TO ${role};`,
            },
          ]),
      ...(object.selectable
        ? []
        : [
            {
              table: name,
              message: `${object.role} may not read ${name}`,
              grant: `GRANT SELECT ON ${what}${quoteName(object)} TO ${role};`,
            },
          ]),
      ...(object.rowSecurityApplies
        ? [
            {
              table: name,
              message: `row security hides rows of ${name} from ${object.role}`,
              grant: `ALTER ROLE ${role} BYPASSRLS;`,
            },
          ]
        : []),
    ];
  });
}

interface ReadRights extends ObjectName {
  role: string;
  sequence: boolean;
  schemaUsable: boolean;
  selectable: boolean;
  rowSecurityApplies: boolean;
}

const READ_RIGHTS_SQL = `
  WITH RECURSIVE read(oid) AS (
    SELECT c.oid FROM unnest($1::text[], $2::text[]) AS wanted(schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'p')
    UNION
    SELECT c.oid FROM read JOIN pg_catalog.pg_inherits i ON i.inhparent = read.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind <> 'f'),
  drawn(oid) AS (
    SELECT d.objid FROM pg_catalog.pg_depend d JOIN read ON read.oid = d.refobjid
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid FROM read JOIN pg_catalog.pg_attrdef def ON def.adrelid = read.oid
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = def.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass)
  SELECT n.nspname AS schema, c.relname AS name, current_user AS role, c.relkind = 'S' AS sequence,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS "schemaUsable", pg_catalog.has_table_privilege(c.oid, 'SELECT') AS selectable,
         c.relrowsecurity AND NOT me.bypass AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS "rowSecurityApplies"
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         (SELECT rolsuper OR rolbypassrls AS bypass FROM pg_catalog.pg_roles WHERE rolname = current_user) AS me
   WHERE c.oid IN (SELECT oid FROM read) OR (c.relkind = 'S' AND c.oid IN (SELECT oid FROM drawn))
   ORDER BY 1, 2`;
