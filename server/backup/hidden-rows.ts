import { qualifiedName } from '../../db/model.ts';
import { AppError } from '../errors.ts';

/** Throws PERMISSION_DENIED when this role would not see every row: fewer rows than there are is not a backup. */
export function refuseHiddenRows(
  tables: { schema: string; name: string; owner: string; selectable: boolean; rowSecurityApplies: boolean }[],
): void {
  const hidden = tables.filter((table) => !table.selectable || table.rowSecurityApplies);
  if (hidden.length === 0) return;
  throw new AppError('PERMISSION_DENIED', `Not every row can be read: ${hidden.map(qualifiedName).join(', ')}.`, {
    hint: 'Run `bun run scripts/backup.ts --check`: it names the right that is missing for each table, with the statement that gives it.',
    details: { tables: hidden.map(qualifiedName) },
  });
}
