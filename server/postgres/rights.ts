import { qualifiedName } from '../../db/model.ts';
import { quoteIdent, quoteName } from '../../db/quote.ts';
import type { LiveTable } from './catalog.ts';

/** A right that is missing, and the statement that gives it. */
export interface MissingRight {
  table: string;
  message: string;
  grant: string;
}

/** What this role lacks to read every row of these tables. */
export function missingForBackup(tables: LiveTable[], role: string): MissingRight[] {
  return tables.flatMap((table) => {
    const name = qualifiedName(table);
    const missing: MissingRight[] = [];
    if (!table.selectable)
      missing.push({
        table: name,
        message: `${role} may not read ${name}`,
        grant: `GRANT SELECT ON ${quoteName(table)} TO ${quoteIdent(role)};`,
      });
    if (table.rowSecurityApplies)
      missing.push({
        table: name,
        message: `row security hides rows of ${name} from ${role}`,
        grant: `ALTER ROLE ${quoteIdent(role)} BYPASSRLS;`,
      });
    return missing;
  });
}

/** What this role lacks to put rows back by rewriting these tables: it must own them, or be a member of the owner. */
export function missingForRewrite(
  tables: { schema: string; name: string; owned: boolean; owner: string }[],
  role: string,
): MissingRight[] {
  return tables
    .filter((table) => !table.owned)
    .map((table) => ({
      table: qualifiedName(table),
      message: `${role} does not own ${qualifiedName(table)} (${table.owner} does)`,
      grant: `GRANT ${quoteIdent(table.owner)} TO ${quoteIdent(role)};`,
    }));
}
