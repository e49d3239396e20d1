import type { Session } from '../../db/connect.ts';
import type { ObjectName } from '../../db/model.ts';
import { quoteName } from '../../db/quote.ts';

/** A sequence and where it stands. 64-bit numbers are text. Same shape as in a manifest. */
export interface LiveSequence extends ObjectName {
  ownedBy: (ObjectName & { column: string }) | null;
  dataType: 'smallint' | 'integer' | 'bigint';
  start: string;
  increment: string;
  min: string;
  max: string;
  cache: string;
  cycle: boolean;
  lastValue: string;
  isCalled: boolean;
}

/** Names with the facts that never need the sequence itself: nothing is locked, and no right is needed. */
type SequenceFacts = Omit<LiveSequence, 'lastValue' | 'isCalled'>;

/** What the catalog says of the sequences these tables draw from (serial, identity, or any `nextval` in a default) and of those named besides. */
export async function describeSequences(
  session: Session,
  tableOids: number[],
  others: ObjectName[],
): Promise<SequenceFacts[]> {
  const rows = await session.query<
    Omit<SequenceFacts, 'ownedBy'> & {
      ownerSchema: string | null;
      ownerName: string | null;
      ownerColumn: string | null;
    }
  >(SEQUENCES_SQL, [tableOids, others.map((other) => other.schema), others.map((other) => other.name)]);
  return rows.map(({ ownerSchema, ownerName, ownerColumn, ...facts }) => ({
    ...facts,
    ownedBy:
      ownerSchema !== null && ownerName !== null && ownerColumn !== null
        ? { schema: ownerSchema, name: ownerName, column: ownerColumn }
        : null,
  }));
}

/** The same with where they stand. Read after the rows: a sequence is outside every snapshot, and read later it is never behind them. */
export async function readSequences(
  session: Session,
  tableOids: number[],
  others: ObjectName[],
): Promise<LiveSequence[]> {
  const sequences: LiveSequence[] = [];
  for (const facts of await describeSequences(session, tableOids, others)) {
    const [value] = await session.query<{ lastValue: string; isCalled: boolean }>(
      `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoteName(facts)}`,
    );
    sequences.push({ ...facts, lastValue: value?.lastValue ?? '1', isCalled: value?.isCalled ?? false });
  }
  return sequences;
}

const SEQUENCES_SQL = `
  WITH wanted AS (
    -- owned by a column: serial ('a') and identity ('i')
    SELECT d.objid AS oid FROM pg_catalog.pg_depend d
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
       AND d.refobjid = ANY ($1::int8[]::oid[]) AND d.deptype IN ('a', 'i')
    UNION
    -- named in a default
    SELECT d.refobjid FROM pg_catalog.pg_attrdef def
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = def.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
     WHERE def.adrelid = ANY ($1::int8[]::oid[])
    UNION
    SELECT c.oid FROM unnest($2::text[], $3::text[]) AS other(schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = other.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = other.name)
  SELECT n.nspname AS schema, c.relname AS name, owner.schema AS "ownerSchema", owner.name AS "ownerName", owner."column" AS "ownerColumn",
         pg_catalog.format_type(s.seqtypid, NULL) AS "dataType", s.seqstart::text AS start, s.seqincrement::text AS increment,
         s.seqmin::text AS min, s.seqmax::text AS max, s.seqcache::text AS cache, s.seqcycle AS cycle
    FROM wanted JOIN pg_catalog.pg_class c ON c.oid = wanted.oid AND c.relkind = 'S'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN LATERAL (
      SELECT tn.nspname AS schema, t.relname AS name, a.attname AS "column"
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
       LIMIT 1) AS owner ON true
   ORDER BY 1, 2`;
