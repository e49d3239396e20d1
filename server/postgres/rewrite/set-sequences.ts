import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { describeSequences, type LiveSequence } from '../catalog/sequences.ts';

/** The position that a sequence gets by a restore. */
export interface SequencePosition
  extends Pick<LiveSequence, 'schema' | 'name' | 'ownedBy' | 'increment' | 'lastValue' | 'isCalled'> {
  /**
   * `exact`: that position, unless a table that is not restored also draws from it. `forward`: that position, but never back. `drawn`: as
   * `forward`, and only where a restored table draws from it.
   */
  rule: 'exact' | 'forward' | 'drawn';
}

type FoundSequence = ObjectName &
  Pick<LiveSequence, 'increment'> & {
    owned: boolean;
    owner: string;
    /** True when a table that is not restored draws from it. */
    elsewhere: boolean;
    least: string;
    most: string;
  };
type SequenceState = Pick<LiveSequence, 'lastValue' | 'isCalled'>;

/** The sequences that a restore concerns. */
export interface FoundSequences {
  /** Sequences to be set, each with its counterpart in the database. */
  wanted: { position: SequencePosition; live: FoundSequence; mayGoBack: boolean }[];
  /** These, and the others that the restored tables draw from. */
  all: FoundSequence[];
  /** Warnings about sequences of the backup that will not be set. */
  warnings: string[];
}

/** Finds the counterparts of the backup's sequences. `tableOids` are the restored tables. Locks nothing. */
export async function findSequences(
  session: Session,
  positions: SequencePosition[],
  tableOids: number[],
): Promise<FoundSequences> {
  const drawn = await describeSequences(session, tableOids, []);
  const isDrawn = (found: ObjectName) => drawn.some((one) => qualifiedName(one) === qualifiedName(found));
  const wanted: FoundSequences['wanted'] = [];
  const warnings: string[] = [];
  for (const position of positions) {
    const live = await findSequence(session, position, tableOids);
    if (position.rule === 'drawn' && !(live && isDrawn(live))) continue;
    if (live === null) {
      if (position.rule === 'exact')
        warnings.push(`The sequence ${qualifiedName(position)} of the backup is not in the database; it was left out.`);
      continue;
    }
    // Holding a sequence could block a table that is not restored, so it needs a reason.
    if (position.rule === 'forward' && !isDrawn(live) && !(await isBehindNow(session, live, position))) continue;
    if (!live.owned && !isDrawn(live)) warnings.push(notOwned(live, position));
    else wanted.push({ position, live, mayGoBack: position.rule === 'exact' && !live.elsewhere });
  }
  const all = new Map(wanted.map(({ live }) => [qualifiedName(live), live]));
  for (const one of drawn) {
    if (all.has(qualifiedName(one))) continue;
    const live = await findSequence(session, one, tableOids);
    // A sequence owned by somebody else cannot be altered; numbers that defaults draw from it stay drawn.
    if (live?.owned) all.set(qualifiedName(live), live);
  }
  return { wanted, all: [...all.values()], warnings };
}

function notOwned(live: FoundSequence, { lastValue, isCalled }: SequencePosition): string {
  return `The sequence ${qualifiedName(live)} belongs to ${live.owner} and was left where it stands. As its owner: SELECT pg_catalog.setval(${quoteLiteral(quoteName(live)).trim()}, ${lastValue}, ${isCalled});`;
}

/** Returns the sequences whose bounds of today leave out the position of the backup, in words and with a remedy. */
export function sequencesOutOfBounds({ wanted }: FoundSequences): { message: string; hint: string }[] {
  return wanted.flatMap(({ position: { lastValue }, live, mayGoBack }) => {
    const [at, least, most] = [lastValue, live.least, live.most].map(BigInt) as [bigint, bigint, bigint];
    const rises = BigInt(live.increment) > 0n;
    // One that never goes back stays where it is when the position lies behind it.
    const isSet = mayGoBack || (rises ? at > most : at < least);
    if (!isSet || (at >= least && at <= most)) return [];
    return [
      {
        message: `the sequence ${qualifiedName(live)} stood at ${lastValue}, and takes ${live.least} to ${live.most} today`,
        hint: `As its owner run: ALTER SEQUENCE ${quoteName(live)} ${at > most ? 'MAXVALUE' : 'MINVALUE'} ${lastValue};`,
      },
    ];
  });
}

/** Short, because whoever holds a sequence may be waiting for a table that this session has locked. */
const HOLD_TIMEOUT_MS = 20;

/**
 * Gives each sequence new storage inside the open transaction, so that nobody else draws and a rollback undoes whatever is drawn or set.
 * Returns false when one could not be had at once; the transaction must then be rolled back.
 */
export async function holdSequences(session: Session, sequences: FoundSequence[]): Promise<boolean> {
  await session.query(`SET LOCAL lock_timeout = ${HOLD_TIMEOUT_MS}`);
  try {
    // The same increment as before, so that nothing else changes.
    for (const live of sequences)
      await session.query(`ALTER SEQUENCE ${quoteName(live)} INCREMENT BY ${live.increment}`);
  } catch (error) {
    if (error instanceof AppError && error.code === 'TABLE_BUSY') return false;
    throw error;
  }
  await session.query('SET LOCAL lock_timeout = 0');
  return true;
}

/** Positions of sequences, by `schema.name`. */
export type SequenceStates = Map<string, ObjectName & SequenceState>;

const SEQUENCES_PER_STATEMENT = 100;

export async function readSequenceStates(session: Session, sequences: ObjectName[]): Promise<SequenceStates> {
  const states: SequenceStates = new Map();
  for (let from = 0; from < sequences.length; from += SEQUENCES_PER_STATEMENT) {
    const some = sequences.slice(from, from + SEQUENCES_PER_STATEMENT);
    const rows = await session.query<SequenceState & { place: number }>(
      some
        .map(
          (one, place) =>
            `SELECT ${place} AS place, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${quoteName(one)}`,
        )
        .join(' UNION ALL '),
    );
    for (const { place, ...state } of rows) {
      const one = some[place];
      if (one) states.set(qualifiedName(one), { schema: one.schema, name: one.name, ...state });
    }
  }
  return states;
}

/** Sets a held sequence to a position, until the transaction ends. */
export async function setSequence(
  session: Session,
  { lastValue, isCalled, ...name }: ObjectName & SequenceState,
): Promise<void> {
  const regclass = `${quoteLiteral(quoteName(name))}::regclass`;
  await session.query(`SELECT pg_catalog.setval(${regclass}, $1::int8, $2)`, [lastValue, isCalled]);
}

/** Positions of the held sequences: when they were held, before the first row was put in place, and after the last one. */
export interface Moments {
  held: SequenceStates;
  emptied: SequenceStates;
  filled: SequenceStates;
}

/** Positions that sequences must have until the commit; `faults` names those somebody else drew from meanwhile. */
export interface SetSequences {
  states: SequenceStates;
  faults: string[];
}

/**
 * Sets held sequences to their positions in the backup. Never moves back a sequence that also serves other tables. Nor one that the rows
 * drew from, by the default of a column the backup lacks.
 */
export async function setSequences(session: Session, found: FoundSequences, moments: Moments): Promise<SetSequences> {
  const { held, emptied, filled } = moments;
  const states = await readSequenceStates(
    session,
    found.wanted.map(({ live }) => live),
  );
  const faults: string[] = [];
  for (const { position, live, mayGoBack } of found.wanted) {
    const name = qualifiedName(live);
    const state = states.get(name);
    if (!state) continue;
    if (mayGoBack && !(isSame(held.get(name), emptied.get(name)) && isSame(filled.get(name), state)))
      faults.push(drawnFrom(name));
    const drawn = !isSame(emptied.get(name), filled.get(name));
    if ((!mayGoBack || drawn) && !isBehind(live, state, position)) continue;
    const wanted = { schema: live.schema, name: live.name, lastValue: position.lastValue, isCalled: position.isCalled };
    await setSequence(session, wanted);
    states.set(name, wanted);
  }
  return { states, faults };
}

/** Describes the sequences whose position changed after they were set. */
export async function movedSequences(session: Session, found: FoundSequences, set: SequenceStates): Promise<string[]> {
  const now = await readSequenceStates(
    session,
    found.wanted.map(({ live }) => live),
  );
  return [...now].flatMap(([name, state]) => {
    const wanted = set.get(name);
    return isSame(wanted, state) ? [] : [drawnFrom(name)];
  });
}

function drawnFrom(name: string): string {
  return `the sequence ${name} was drawn from or set`;
}

function isSame(one: SequenceState | undefined, other: SequenceState | undefined): boolean {
  return (
    one !== undefined && other !== undefined && one.lastValue === other.lastValue && one.isCalled === other.isCalled
  );
}

/** Returns true when the live sequence would give out numbers that the position has already given out. */
function isBehind(live: FoundSequence, state: SequenceState, position: SequencePosition): boolean {
  const next = (at: SequenceState, increment: string) => BigInt(at.lastValue) + (at.isCalled ? BigInt(increment) : 0n);
  const [here, there] = [next(state, live.increment), next(position, position.increment)];
  return BigInt(live.increment) > 0n ? here < there : here > there;
}

async function isBehindNow(session: Session, live: FoundSequence, position: SequencePosition): Promise<boolean> {
  if (!live.owned) return true;
  const state = (await readSequenceStates(session, [live])).get(qualifiedName(live));
  return state !== undefined && isBehind(live, state, position);
}

/** Finds a sequence by its owner first: one renamed in the meantime is still the column's own. */
async function findSequence(
  session: Session,
  position: Pick<SequencePosition, 'schema' | 'name' | 'ownedBy'>,
  tableOids: number[],
): Promise<FoundSequence | null> {
  const { ownedBy } = position;
  const [row] = await session.query<FoundSequence>(
    `SELECT n.nspname AS schema, c.relname AS name, s.seqincrement::text AS increment, s.seqmin::text AS least, s.seqmax::text AS most,
            pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
            EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef def
                      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = def.oid
                       AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
                     WHERE COALESCE(pg_catalog.pg_partition_root(def.adrelid)::oid, def.adrelid) <> ALL ($6::int8[]::oid[])) AS elsewhere
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
    [
      position.schema,
      position.name,
      ownedBy?.schema ?? null,
      ownedBy?.name ?? null,
      ownedBy?.column ?? null,
      tableOids,
    ],
  );
  return row ?? null;
}
