import { databaseError, faultCode } from '../../../db/connect/database-error.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { functionFailure } from '../function-failure.ts';

interface ServerFault {
  schema?: string;
  table?: string;
  column?: string;
  constraint?: string;
  dataType?: string;
  message?: string;
}

/**
 * Awaits a statement that puts rows or constraints in place, and throws an error naming the rule that rows break. Repeats no value: the
 * server's own message may hold salaries. Throws LINKS_BROKEN for a foreign key, RESTORE_REFUSED for any other rule.
 */
export async function explained<T>(statement: Promise<T>, doing: string): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    throw violation(error, doing);
  }
}

/** Returns the error that `explained` throws for an error of the driver. */
export function violation(error: unknown, doing: string): AppError {
  const code = faultCode(error) ?? '';
  const fault = error as ServerFault;
  const where = fault.table ? `${fault.schema ?? 'public'}.${fault.table}` : null;
  const details = {
    sqlState: code,
    ...(where !== null && { table: where }),
    ...(fault.constraint && { constraint: fault.constraint }),
    ...(fault.column && { column: fault.column }),
  };
  const refused = (what: string, hint: string) =>
    new AppError('RESTORE_REFUSED', `While ${doing}: ${what}. Nothing was changed.`, { cause: error, hint, details });
  if (code === '23503')
    return new AppError(
      'LINKS_BROKEN',
      `While ${doing}: rows of ${where ?? 'a table'} refer to rows that would not exist (${fault.constraint}). Nothing was changed.`,
      {
        cause: error,
        hint: 'Put the rows there that are referred to, or restore with the tables they refer to.',
        details,
      },
    );
  if (fault.dataType !== undefined && /^23/.test(code))
    return ofDomain({ schema: fault.schema ?? 'public', name: fault.dataType }, fault.constraint, refused);
  if (/^23/.test(code) && where !== null)
    return refused(
      `rows break a rule of today's ${where}${fault.constraint ? ` (${fault.constraint})` : fault.column ? ` (column ${fault.column})` : ''}`,
      'Drop the rule, restore, correct the rows, and put it back; or restore into a database like that of the backup.',
    );
  if (/^2[23]/.test(code) || code === '42804')
    return refused(
      `an expression of today's tables (a check, a generated column, a default, an index or a function they call) fails for a row (SQLSTATE ${code})`,
      'The server’s own message says which: it is in its log, and --verbose shows it on the command line. Drop it, restore, correct the rows, and put it back; or restore into a database like that of the backup.',
    );
  const failure = functionFailure(error);
  if (failure !== null)
    return new AppError('RESTORE_REFUSED', `While ${doing}: ${failure.text}. Nothing was changed.`, {
      cause: error,
      hint: failure.hint,
      details: { sqlState: code },
    });
  return databaseError(error, doing);
}

/** Returns the error for a domain's own rule, which is checked when a value is converted from text, generated, or given by a default. */
function ofDomain(
  domain: ObjectName,
  check: string | undefined,
  refused: (what: string, hint: string) => AppError,
): AppError {
  const alter = `ALTER DOMAIN ${quoteName(domain)}`;
  const [rule, off, on] = check
    ? [`the check ${check}`, `DROP CONSTRAINT ${quoteIdent(check)};`, 'add the check again as NOT VALID.']
    : ['NOT NULL', 'DROP NOT NULL;', `correct the rows, and run ${alter} SET NOT NULL;`];
  return refused(
    `a value breaks ${rule} of the domain ${qualifiedName(domain)}`,
    `Let the owner of the domain run ${alter} ${off} restore, and ${on}`,
  );
}
