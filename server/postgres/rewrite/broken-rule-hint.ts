import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { ShapeConstraint, ShapeIndex } from '../catalog/shape.ts';

/** Returns the constraints a table had when the backup was made, as the backup recorded them; null where it did not. */
export type BackupRules = (table: ObjectName) => { name: string; type: string; definition: string }[] | null;

/** A rule that rows break, and what is known of it. */
export interface BrokenRuleFacts {
  sqlState: string;
  table: ObjectName;
  rule: string;
  column: string | null;
  constraint: ShapeConstraint | null;
  index: ShapeIndex | null;
  /** True when the rows are those of the backup; otherwise they are in a table that is not restored. */
  ofBackup: boolean;
  /** For a foreign key: true when the referenced table is restored as well. */
  targetRestored: boolean;
  partitioned: boolean;
  version: number;
}

export const FIRST_WITH_PARTITIONED_NOT_VALID = 180000;

/** Describes a broken rule and what to do about it. Leaves out whatever cannot be proved. */
export function brokenRuleHint(
  facts: BrokenRuleFacts,
  knowledge: { backupRules: BackupRules; notChosen: ReadonlySet<string>; keepBroken: boolean },
): string {
  const { table, constraint, ofBackup, targetRestored } = facts;
  const target = constraint?.target ?? null;
  if (!ofBackup) {
    const also = knowledge.notChosen.has(qualifiedName(table))
      ? `Restore ${qualifiedName(table)} as well, or remove`
      : 'Remove';
    return `${also} the rows of ${qualifiedName(table)} that refer to what the backup does not hold.`;
  }
  if (target !== null && !targetRestored)
    return knowledge.notChosen.has(qualifiedName(target))
      ? `Restore ${qualifiedName(target)} as well: it is in the backup, and was not chosen.`
      : `${qualifiedName(target)} is not in the backup. Put the rows there that are referred to, or drop the foreign key for the restore: ${byHand(facts)}`;
  return [age(facts, knowledge.backupRules), way(facts, knowledge.keepBroken)].filter((part) => part !== '').join(' ');
}

/** Describes the age of the rule as far as the backup's own list of rules proves it. */
function age({ table, rule, constraint }: BrokenRuleFacts, backupRules: BackupRules): string {
  const then = backupRules(table);
  if (then === null || constraint === null) return '';
  const definition = constraint.definition.replace(/ NOT VALID$/, '');
  const same = then.some(
    (one) => one.type === constraint.type && one.definition.replace(/ NOT VALID$/, '') === definition,
  );
  if (same && constraint.type === 'c')
    return `The tables had ${rule} when the backup was made: its rows broke it then already, or it depends on more than the row (the time, a setting, other rows).`;
  if (same) return `The tables had ${rule} when the backup was made: its rows broke it then already.`;
  if (then.every((one) => one.name !== rule)) return `${rule} is newer than the backup.`;
  return `${rule} is not written as it was when the backup was made.`;
}

function way(facts: BrokenRuleFacts, keepBroken: boolean): string {
  const { constraint, partitioned, version } = facts;
  if (constraint?.type === 'f' && partitioned && version < FIRST_WITH_PARTITIONED_NOT_VALID)
    return `PostgreSQL before 18 knows no NOT VALID foreign key of a partitioned table. ${byHand(facts)}`;
  if ((constraint?.type === 'f' || constraint?.type === 'c') && !keepBroken)
    return 'Restore with --keep-broken-rules: such rules come back NOT VALID, and the rows that break them are named.';
  if (constraint?.type === 'f' || constraint?.type === 'c') return byHand(facts);
  return `Such a rule cannot be NOT VALID. ${byHand(facts)}`;
}

/** Returns the statements that drop the rule and put it back, where the catalog gives them. */
function byHand({ table, constraint, index, column }: BrokenRuleFacts): string {
  if (constraint !== null) {
    const [alter, name] = [`ALTER TABLE ${quoteName(constraint.table)}`, quoteIdent(constraint.name)];
    return `Run ${alter} DROP CONSTRAINT ${name}; restore, correct the rows, and run ${alter} ADD CONSTRAINT ${name} ${constraint.definition};`;
  }
  if (index !== null)
    return `Run DROP INDEX ${quoteName({ schema: index.table.schema, name: index.name })}; restore, correct the rows, and run ${index.definition};`;
  if (column !== null) {
    const alter = `ALTER TABLE ${quoteName(table)} ALTER ${quoteIdent(column)}`;
    return `Run ${alter} DROP NOT NULL; restore, correct the rows, and run ${alter} SET NOT NULL;`;
  }
  return 'Drop the rule, restore, correct the rows, and put it back.';
}
