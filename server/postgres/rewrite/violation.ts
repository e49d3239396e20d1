import { databaseError, faultCode } from '../../../db/failure.ts';
import { AppError } from '../../errors.ts';

interface ServerFault {
  schema?: string;
  table?: string;
  column?: string;
  constraint?: string;
  message?: string;
}

/**
 * Waits for a statement that puts rows or constraints in place and says which rule the rows break, without repeating a value:
 * the server's own words hold salaries. Throws LINKS_BROKEN for a link, RESTORE_REFUSED for any other rule.
 */
export async function explained<T>(statement: Promise<T>, doing: string): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    throw violation(error, doing);
  }
}

function violation(error: unknown, doing: string): AppError {
  const code = faultCode(error) ?? '';
  const fault = error as ServerFault;
  const where = fault.table ? `${fault.schema ?? 'public'}.${fault.table}` : 'a table';
  const details = {
    sqlState: code,
    table: where,
    ...(fault.constraint && { constraint: fault.constraint }),
    ...(fault.column && { column: fault.column }),
  };
  if (code === '23503')
    return new AppError(
      'LINKS_BROKEN',
      `While ${doing}: rows of ${where} refer to rows that would not exist (${fault.constraint}). Nothing was changed.`,
      {
        cause: error,
        hint: 'Put the rows there that are referred to, or restore with the tables they refer to.',
        details,
      },
    );
  if (/^23/.test(code) || /^22/.test(code) || code === '42804')
    return new AppError(
      'RESTORE_REFUSED',
      `While ${doing}: the backup's rows break a rule of today's ${where}${fault.constraint ? ` (${fault.constraint})` : fault.column ? ` (column ${fault.column})` : ''}. Nothing was changed.`,
      {
        cause: error,
        hint: 'Take the rule off, restore, mend the rows, and put it back; or restore into a database like that of the backup.',
        details,
      },
    );
  return databaseError(error, doing);
}
