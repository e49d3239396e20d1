import type { Session } from '../../../db/connect/session.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { readShape, type Shape } from '../catalog/shape.ts';
import { causesHint, type EventTrigger, eventTriggersHint, readCauses } from './causes.ts';
import { type FoundSequences, movedSequences, type SetSequences } from './set-sequences.ts';

/** The effect of a way of applying on the tables, for the last look at them. */
export interface Changed {
  /** Returns in words what of their definitions is not as it must be. */
  differences(after: Shape): string[];
  /** Returns in words what somebody else wrote to them meanwhile. */
  faults(): Promise<string[]>;
}

/** State that the tables must have when the transaction commits. */
interface Expected {
  /** The restored tables. */
  oids: number[];
  shape: Shape;
  changed: Changed;
  found: FoundSequences;
  set: SetSequences;
}

/**
 * Checks definitions, rows and sequences again, as the last statements before the commit. Event triggers and functions that our
 * statements fired may have written since a table was filled or a sequence set. Throws RESTORE_REFUSED naming the differences and their
 * possible causes.
 */
export async function refuseOtherChanges(
  session: Session,
  { oids, shape, changed, found, set }: Expected,
): Promise<void> {
  // A function may have deferred constraint triggers to the commit, when nothing can be checked any more.
  await session.query('SET CONSTRAINTS ALL IMMEDIATE');
  const faults = await unforced(session, shape, () => changed.faults());
  faults.push(...new Set([...set.faults, ...(await movedSequences(session, found, set.states))]));
  const after = await readShape(session, oids);
  const differences = changed.differences(after);
  if (differences.length === 0 && faults.length === 0) return;
  const causes = await readCauses(session, oids);
  const details = { differences, faults, ...causes };
  if (faults.length > 0)
    throw new AppError(
      'RESTORE_REFUSED',
      `Something in the database wrote to the restored tables while they were put back: ${few([...faults, ...differences])}. Nothing was changed.`,
      { hint: causesHint(causes), details },
    );
  throw new AppError(
    'RESTORE_REFUSED',
    `The tables could not be put back as they were: ${few(differences)}. Nothing was changed.`,
    { hint: shapeHint(shape, after, causes.eventTriggers), details },
  );
}

/** Runs a check while an owner under FORCE ROW LEVEL SECURITY sees every row. */
async function unforced<T>(session: Session, shape: Shape, look: () => Promise<T>): Promise<T> {
  const forced = shape.relations.filter(({ forceRowSecurity, foreign }) => forceRowSecurity && !foreign);
  const set = async (verb: 'FORCE' | 'NO FORCE') => {
    for (const relation of forced)
      await session.query(`ALTER TABLE ONLY ${quoteName(relation)} ${verb} ROW LEVEL SECURITY`);
  };
  await set('NO FORCE');
  const found = await look();
  await set('FORCE');
  return found;
}

/**
 * Returns a hint on why definitions could not be put back: triggers that only a superuser can disable, event triggers, or an unknown
 * cause.
 */
function shapeHint(before: Shape, after: Shape, eventTriggers: EventTrigger[]): string {
  const disabled = before.constraints.filter((foreignKey) =>
    after.constraints.some(
      (now) => now.tableOid === foreignKey.tableOid && now.name === foreignKey.name && now.firing !== foreignKey.firing,
    ),
  );
  if (disabled.length > 0) {
    const tables = new Set(
      disabled.flatMap(({ table, target }) => [table, ...(target ? [target] : [])].map((name) => quoteName(name))),
    );
    const statements = (verb: string) =>
      [...tables].map((table) => `ALTER TABLE ${table} ${verb} TRIGGER ALL;`).join(' ');
    return `The triggers behind ${disabled.map(({ name }) => name).join(', ')} are disabled, which only a superuser can do. Let one run ${statements('ENABLE')} then restore, and disable again what was disabled.`;
  }
  if (eventTriggers.length > 0) return eventTriggersHint(eventTriggers);
  return 'This program does not know how to put that back. Report it with the table’s definition; the rows can be loaded into empty tables with the archive’s restore.sql.';
}

const SHOWN = 10;

function few(words: string[]): string {
  return words.length <= SHOWN
    ? words.join('; ')
    : `${words.slice(0, SHOWN).join('; ')}; and ${words.length - SHOWN} more`;
}
