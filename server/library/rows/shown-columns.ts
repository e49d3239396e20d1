import { type ObjectName, shortName } from '../../../db/model/model.ts';
import type { Sensitivity } from '../../../db/model/sensitivity.ts';
import { AppError } from '../../core/errors.ts';

/** Returns the sensitivity of a column; null when the policy has no entry for it. */
export type SensitivityOf = (table: ObjectName, column: string) => Sensitivity | null;

/** A column of displayed rows. */
export interface ShownColumn {
  name: string;
  sqlType: string;
  /** Sensitivity; `unknown` when the policy has no entry, so that the column may hold anything. */
  sensitivity: Sensitivity | 'unknown';
  /** True when its values are not in the answer. */
  hidden: boolean;
}

/**
 * Returns the columns to show: ordinary ones, and those of `revealed` that are not secret. Throws INPUT_INVALID for a
 * missing column, and FORBIDDEN for a secret one: a password hash is useless to a reader and valuable to a thief.
 */
export function shownColumns(
  table: ObjectName,
  columns: readonly { name: string; sqlType: string }[],
  revealed: readonly string[],
  sensitivityOf: SensitivityOf,
): ShownColumn[] {
  const wanted = new Set(revealed);
  const found = columns.map(({ name, sqlType }): ShownColumn => {
    const sensitivity = sensitivityOf(table, name) ?? 'unknown';
    if (sensitivity === 'secret' && wanted.has(name)) throw secret(table, name);
    const hidden = sensitivity !== 'ordinary' && !wanted.delete(name);
    return { name, sqlType, sensitivity, hidden };
  });
  for (const { name } of found) wanted.delete(name);
  if (wanted.size === 0) return found;
  throw new AppError(
    'INPUT_INVALID',
    `${shortName(table)} has no column ${JSON.stringify([...wanted][0])} in this backup.`,
    {
      hint: 'backups.rows tells its columns. Computed ones are not stored.',
    },
  );
}

/**
 * Returns the columns of a table that a search of the whole archive may use: ordinary ones, and with `people` all but
 * secret ones.
 */
export function searchedColumns(
  table: ObjectName,
  columns: readonly { name: string; sqlType: string }[],
  people: boolean,
  sensitivityOf: SensitivityOf,
): ShownColumn[] {
  const isSecret = (column: string) => sensitivityOf(table, column) === 'secret';
  const revealed = people ? columns.flatMap(({ name }) => (isSecret(name) ? [] : [name])) : [];
  return shownColumns(table, columns, revealed, sensitivityOf);
}

function secret(table: ObjectName, column: string): AppError {
  return new AppError('FORBIDDEN', `${shortName(table)}.${column} is secret and is never shown.`, {
    hint: 'Leave it out. A restore brings it back all the same.',
    details: { column },
  });
}
