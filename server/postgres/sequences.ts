import type { Session } from '../../db/connect.ts';
import type { ObjectName } from '../../db/model.ts';
import { qualifiedName } from '../../db/model.ts';
import { quoteLiteral, quoteName } from '../../db/quote.ts';

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

/**
 * The sequences these tables draw from (serial, identity, or any `nextval` in a default) and those named besides.
 * Read after the rows: a sequence is outside every snapshot, and read later it is never behind them.
 */
export async function readSequences(
  session: Session,
  tableOids: number[],
  others: ObjectName[],
): Promise<LiveSequence[]> {
  const rows = await session.query<
    Omit<LiveSequence, 'lastValue' | 'isCalled' | 'ownedBy'> & {
      ownerSchema: string | null;
      ownerName: string | null;
      ownerColumn: string | null;
    }
  >(SEQUENCES_SQL, [tableOids, others.map((other) => other.schema), others.map((other) => other.name)]);
  const sequences: LiveSequence[] = [];
  for (const { ownerSchema, ownerName, ownerColumn, ...facts } of rows) {
    const [value] = await session.query<{ lastValue: string; isCalled: boolean }>(
      `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoteName(facts)}`,
    );
    const ownedBy =
      ownerSchema !== null && ownerName !== null && ownerColumn !== null
        ? { schema: ownerSchema, name: ownerName, column: ownerColumn }
        : null;
    sequences.push({ ...facts, ownedBy, lastValue: value?.lastValue ?? '1', isCalled: value?.isCalled ?? false });
  }
  return sequences;
}

/** Where a sequence shall stand after a restore. */
export interface SequencePosition
  extends Pick<LiveSequence, 'schema' | 'name' | 'ownedBy' | 'increment' | 'lastValue' | 'isCalled'> {
  /** It serves tables that are not restored as well: it may move on, never back, and only where a restored table draws from it. */
  shared: boolean;
}

type FoundSequence = ObjectName & Pick<LiveSequence, 'increment'>;

/**
 * Sets the live sequences inside the open transaction, so that a rollback takes them back: `setval` alone would survive it,
 * but after an ALTER SEQUENCE it writes to storage that only the commit makes current. `tableOids` are the restored tables.
 * Returns those that have no counterpart in the database, by name.
 */
export async function setSequences(
  session: Session,
  wanted: SequencePosition[],
  tableOids: number[],
): Promise<string[]> {
  const drawn = wanted.some(({ shared }) => shared) ? await readSequences(session, tableOids, []) : [];
  const isDrawn = (found: FoundSequence) => drawn.some((one) => qualifiedName(one) === qualifiedName(found));
  const missing: string[] = [];
  for (const position of wanted) {
    const live = await findSequence(session, position);
    if (position.shared && !(live && isDrawn(live))) continue;
    if (live === null) {
      missing.push(qualifiedName(position));
      continue;
    }
    // Gives it new storage and keeps others from drawing until the commit, and changes nothing else.
    await session.query(`ALTER SEQUENCE ${quoteName(live)} INCREMENT BY ${live.increment}`);
    if (position.shared && !(await isBehind(session, live, position))) continue;
    await session.query(`SELECT pg_catalog.setval(${quoteLiteral(quoteName(live))}::regclass, $1::int8, $2)`, [
      position.lastValue,
      position.isCalled,
    ]);
  }
  return missing;
}

/** Whether the live sequence would give out numbers that the position has given out already. */
async function isBehind(session: Session, live: FoundSequence, position: SequencePosition): Promise<boolean> {
  const [now] = await session.query<{ lastValue: string; isCalled: boolean }>(
    `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoteName(live)}`,
  );
  const next = (at: { lastValue: string; isCalled: boolean }, increment: string) =>
    BigInt(at.lastValue) + (at.isCalled ? BigInt(increment) : 0n);
  const [here, there] = [now ? next(now, live.increment) : 0n, next(position, position.increment)];
  return BigInt(live.increment) > 0n ? here < there : here > there;
}

/** By owner first: a sequence renamed in the meantime is still the column's own. */
async function findSequence(session: Session, position: SequencePosition): Promise<FoundSequence | null> {
  const { ownedBy } = position;
  const [row] = await session.query<FoundSequence>(
    `SELECT n.nspname AS schema, c.relname AS name, s.seqincrement::text AS increment
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
      WHERE c.relkind = 'S' AND (c.oid = (
              SELECT d.objid FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
                JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
                JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
               WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
                 AND tn.nspname = $3 AND t.relname = $4 AND a.attname = $5 LIMIT 1)
            OR (n.nspname = $1 AND c.relname = $2))
      ORDER BY (n.nspname = $1 AND c.relname = $2) = ($3::text IS NULL) DESC LIMIT 1`,
    [position.schema, position.name, ownedBy?.schema ?? null, ownedBy?.name ?? null, ownedBy?.column ?? null],
  );
  return row ?? null;
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
