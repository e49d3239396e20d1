import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import type { LiveTable } from '../catalog/catalog.ts';
import { readShape, shapeDifferences } from '../catalog/shape.ts';
import { type EventTrigger, eventTriggersHint, readEventTriggers } from './causes.ts';
import {
  type FoundSequences,
  holdSequences,
  movedSequences,
  readSequenceStates,
  setSequence,
} from './set-sequences.ts';
import { readWrites, writtenTables } from './writes.ts';

/**
 * Runs one statement of each kind that a restore uses, in its own schema, and rolls everything back. Event triggers that change the
 * tables, or forbid altering any, are so found before anything must be removed again. Throws RESTORE_REFUSED naming them; without event
 * triggers it runs none of these statements.
 */
export async function probeEventTriggers(
  session: Session,
  schema: string,
  tables: LiveTable[],
  found: FoundSequences,
): Promise<void> {
  const triggers = await readEventTriggers(session);
  if (triggers.length === 0) return;
  const leaves = tables.flatMap((table) => table.leaves.filter((leaf) => !leaf.foreign));
  await session.query('BEGIN');
  try {
    const oids = tables.map((table) => table.oid);
    const shape = await readShape(session, oids);
    const [writes, states] = [await readWrites(session, leaves), await readSequenceStates(session, found.all)];
    const faultsNow = async () => [
      ...(await writtenTables(session, leaves, writes)).map((leaf) => `${qualifiedName(leaf)} was written to`),
      ...shapeDifferences(shape, await readShape(session, oids)),
      ...(await movedSequences(session, found, states)),
    ];
    // Held, so that a rollback undoes what they draw. A sequence held by somebody else is checked only before the commit.
    if (!(await holdSequences(session, found.all).catch((error) => refused(error, triggers)))) return;
    // Checked before sequences are put back: rows that took numbers from them would block the next ones.
    refuseFaults(await faultsNow(), triggers);
    for (const state of states.values()) await setSequence(session, state);
    for (const sql of oneOfEach(schema)) await session.query(sql).catch((error) => refused(error, triggers));
    refuseFaults(await faultsNow(), triggers);
  } finally {
    await session.query('ROLLBACK');
  }
}

function refuseFaults(faults: string[], triggers: EventTrigger[]): void {
  if (faults.length === 0) return;
  throw new AppError(
    'RESTORE_REFUSED',
    `Event triggers of this database change tables to be restored while others are altered: ${faults.join('; ')}. Nothing was changed.`,
    { hint: eventTriggersHint(triggers), details: { faults, eventTriggers: triggers } },
  );
}

function oneOfEach(schema: string): string[] {
  const table = quoteName({ schema, name: 'probe' });
  return [
    `CREATE SCHEMA ${quoteIdent(schema)}`,
    `CREATE UNLOGGED TABLE ${table} (id integer) WITH (autovacuum_enabled = false)`,
    `ALTER TABLE ${table} ADD CONSTRAINT probe_key UNIQUE (id)`,
    `COMMENT ON CONSTRAINT probe_key ON ${table} IS 'probe'`,
    `CREATE INDEX probe_index ON ${table} (id)`,
    `COMMENT ON INDEX ${quoteName({ schema, name: 'probe_index' })} IS 'probe'`,
    `DROP INDEX ${quoteName({ schema, name: 'probe_index' })}`,
    `ALTER TABLE ${table} DROP CONSTRAINT probe_key`,
    `DROP TABLE ${table}`,
    `DROP SCHEMA ${quoteIdent(schema)}`,
  ];
}

/**
 * Throws RESTORE_REFUSED for an error raised by a function: no table was involved, so an event trigger raised it. Rethrows any other
 * error.
 */
function refused(error: unknown, triggers: EventTrigger[]): never {
  const cause = error instanceof AppError ? error.cause : error;
  const code = faultCode(cause) ?? '';
  // The function was cancelled by somebody; the event trigger is not at fault.
  if (code === '57014') throw error;
  if (!/function/.test((cause as { where?: string } | undefined)?.where ?? '') && !code.startsWith('P0')) throw error;
  throw new AppError(
    'RESTORE_REFUSED',
    `An event trigger of this database ${code.startsWith('P0') ? 'lets nobody make or alter tables' : 'fails when a table is made or altered'} (SQLSTATE ${code}). Nothing was changed.`,
    { cause: error, hint: eventTriggersHint(triggers), details: { sqlState: code, eventTriggers: triggers } },
  );
}
