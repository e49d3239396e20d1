import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';

/** A sequence and its position. 64-bit numbers are text. Same shape as in a manifest. */
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
  /** The extension that brings it. */
  extension?: string;
}

/** Facts read from the catalog alone, without the sequence itself: no lock and no right is needed. */
type SequenceFacts = Omit<LiveSequence, 'lastValue' | 'isCalled'> & {
  /** True when one of the tables draws from it. */
  drawn: boolean;
};

/**
 * Reads from the catalog the sequences that these tables draw from (serial, identity, or any `nextval` in a default), and the others
 * named.
 */
export async function describeSequences(
  session: Session,
  tableOids: number[],
  others: ObjectName[],
): Promise<SequenceFacts[]> {
  const rows = await session.query<
    Omit<SequenceFacts, 'ownedBy' | 'extension'> & {
      extension: string | null;
      ownerSchema: string | null;
      ownerName: string | null;
      ownerColumn: string | null;
    }
  >(SEQUENCES_SQL, [tableOids, others.map((other) => other.schema), others.map((other) => other.name)]);
  return rows.map(({ ownerSchema, ownerName, ownerColumn, extension, ...facts }) => ({
    ...facts,
    ...(extension !== null && { extension }),
    ownedBy:
      ownerSchema !== null && ownerName !== null && ownerColumn !== null
        ? { schema: ownerSchema, name: ownerName, column: ownerColumn }
        : null,
  }));
}

/**
 * Reads the same sequences with their positions. Call it after reading the rows: sequences are outside every snapshot, and read later
 * they are never behind the rows. With `others`, which may be dropped meanwhile, a transaction must be open.
 */
export async function readSequences(
  session: Session,
  tableOids: number[],
  others: ObjectName[],
): Promise<LiveSequence[]> {
  const sequences: LiveSequence[] = [];
  for (const { drawn, ...facts } of await describeSequences(session, tableOids, others)) {
    const position = drawn ? await readPosition(session, facts) : await readUnlessDropped(session, facts);
    if (position !== null) sequences.push({ ...facts, ...position });
  }
  return sequences;
}

type Position = Pick<LiveSequence, 'lastValue' | 'isCalled'>;

async function readPosition(session: Session, sequence: ObjectName): Promise<Position> {
  const [value] = await session.query<Position>(
    `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoteName(sequence)}`,
  );
  return value ?? { lastValue: '1', isCalled: false };
}

const UNDEFINED_TABLE = '42P01';

/** Reads a sequence that no table draws from; null when it is gone. No lock keeps it, and one dropped meanwhile is no loss. */
async function readUnlessDropped(session: Session, sequence: ObjectName): Promise<Position | null> {
  await session.query('SAVEPOINT before_sequence');
  try {
    const position = await readPosition(session, sequence);
    await session.query('RELEASE SAVEPOINT before_sequence');
    return position;
  } catch (error) {
    if (!(error instanceof AppError) || faultCode(error.cause) !== UNDEFINED_TABLE) throw error;
    await session.query('ROLLBACK TO SAVEPOINT before_sequence');
    return null;
  }
}

const SEQUENCES_SQL = `
  WITH drawn AS (
    -- owned by a column: serial ('a') and identity ('i')
    SELECT d.objid AS oid FROM pg_catalog.pg_depend d
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
       AND d.refobjid = ANY ($1::int8[]::oid[]) AND d.deptype IN ('a', 'i')
    UNION
    -- named in a default
    SELECT d.refobjid FROM pg_catalog.pg_attrdef def
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = def.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
     WHERE def.adrelid = ANY ($1::int8[]::oid[])),
  wanted AS (
    SELECT oid FROM drawn
    UNION
    SELECT c.oid FROM unnest($2::text[], $3::text[]) AS other(schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = other.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = other.name)
  SELECT n.nspname AS schema, c.relname AS name, owner.schema AS "ownerSchema", owner.name AS "ownerName", owner."column" AS "ownerColumn",
         pg_catalog.format_type(s.seqtypid, NULL) AS "dataType", s.seqstart::text AS start, s.seqincrement::text AS increment,
         s.seqmin::text AS min, s.seqmax::text AS max, s.seqcache::text AS cache, s.seqcycle AS cycle, c.oid IN (SELECT oid FROM drawn) AS drawn,
         (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' LIMIT 1) AS extension
    FROM wanted JOIN pg_catalog.pg_class c ON c.oid = wanted.oid AND c.relkind = 'S'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN LATERAL (
      SELECT tn.nspname AS schema, t.relname AS name, a.attname AS "column"
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
       LIMIT 1) AS owner ON true
   ORDER BY 1, 2`;
