import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName, storedColumns } from '../../../db/model/model.ts';
import type { LiveTable } from '../../postgres/catalog/catalog.ts';
import { readEncoding } from '../../postgres/catalog/encoding.ts';
import { readShape } from '../../postgres/catalog/shape.ts';
import {
  type BrokenRule,
  type FailingRule,
  findBrokenRows,
  tryRulesOnOneRow,
} from '../../postgres/preflight/broken-rows.ts';
import { type Obstacle, readObstacles } from '../../postgres/preflight/obstacles.ts';
import { missingForRestore } from '../../postgres/preflight/restore-rights.ts';
import type { MissingRight } from '../../postgres/preflight/rights.ts';

/** Obstacles to restoring a backup into the database it came from, as far as the catalogs tell. */
export interface RestorePreflight {
  missing: MissingRight[];
  obstacles: Obstacle[];
}

/** Reads from the catalogs alone what a restore of these tables and sequences would meet. Reads no row and waits for no lock. */
export async function readPreflight(
  session: Session,
  tables: LiveTable[],
  sequences: { schema: string; name: string }[],
): Promise<RestorePreflight> {
  const oids = tables.map((table) => table.oid);
  // Rejects, as the restore would, where a text of the shape cannot be sent as UTF-8.
  if ((await readEncoding(session)) === 'SQL_ASCII') await readShape(session, oids);
  const targets = tables.map((table) => ({
    oid: table.oid,
    columns: storedColumns(table).map(({ name }) => name),
    filled: true,
  }));
  return {
    missing: await missingForRestore(
      session,
      targets,
      sequences.map(({ schema, name }) => ({ schema, name, set: true })),
    ),
    obstacles: await readObstacles(session, oids),
  };
}

/** Number of missing rights that a backup names; `--check` names all. */
const NAMED_RIGHTS = 5;

/** One warning of a backup about a later restore. */
export interface RestoreWarning {
  text: string;
  /** True when a restore would be refused as things stand; false when it may be. */
  stops: boolean;
}

/**
 * Returns the preflight as warnings of a backup. A role that owns no table, such as a read-only one, gets one line, because somebody else
 * restores.
 */
export function preflightWarnings({ missing, obstacles }: RestorePreflight, tables: LiveTable[]): RestoreWarning[] {
  const warnings = obstacles.map(({ stops, message, hint }) => ({ text: `For a restore: ${message}. ${hint}`, stops }));
  if (missing.length === 0) return warnings;
  if (tables.every((table) => !table.owned))
    return [
      {
        text: 'The role that made this backup owns none of its tables and could not restore it; what an owner would lack was not looked at.',
        stops: false,
      },
      ...warnings,
    ];
  const more = missing.length > NAMED_RIGHTS ? ` And ${missing.length - NAMED_RIGHTS} more; --check names all.` : '';
  const named = missing.slice(0, NAMED_RIGHTS).map(({ message, grant }) => `${message} (${grant})`);
  return [
    { text: `The role that made this backup could not restore it: ${named.join('; ')}.${more}`, stops: true },
    ...warnings,
  ];
}

/** Milliseconds for which `--check` reads the rows of one table. */
const CHECK_MS_PER_TABLE = 10_000;

/** Reads the rows themselves and returns those that break a rule of their table. */
export async function readBrokenRows(session: Session, tables: LiveTable[], signal: AbortSignal) {
  return await findBrokenRows(
    session,
    tables.map((table) => table.oid),
    { msPerTable: CHECK_MS_PER_TABLE, now: () => performance.now(), signal },
  );
}

/** Describes the rows that break a rule, by their keys alone. */
export function describeBroken({ table, rule, rows, atLeast, keys }: BrokenRule): string {
  const many = `${atLeast ? 'at least ' : ''}${rows} ${rows === 1 && !atLeast ? 'row breaks' : 'rows break'}`;
  const named = keys.length > 0 ? `, with the keys ${keys.join('; ')}${rows > keys.length ? '; …' : ''}` : '';
  return `${many} ${rule} of ${qualifiedName(table)}${named}`;
}

/** Describes a rule that a restore could not put back or compute, and why. */
export function describeFailing({ table, rule, computed, failure }: FailingRule): string {
  return `${rule} of ${qualifiedName(table)} cannot be ${computed ? 'computed from' : 'checked against'} the rows: ${failure.text}`;
}

/** Returns warnings for functions that fail already on one row. Runs inside the transaction of the backup. */
export async function failingWarnings(session: Session, tables: LiveTable[]): Promise<RestoreWarning[]> {
  const oids = tables.map((table) => table.oid);
  const failing = await tryRulesOnOneRow(session, oids);
  return failing.map((one) => ({
    text: `For a restore: ${describeFailing(one)}. ${one.failure.hint}`,
    stops: one.stops,
  }));
}
