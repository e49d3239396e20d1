import { z } from 'zod';
import { sqlText } from './schemas.ts';

/** Most characters of names in the audit row of a reveal: of longer details the audit keeps only the length. */
const LONGEST_NAMES = 12 * 1024;

/** Returns true when the names of one request fit into an audit row. */
export function fitAudit(names: unknown): boolean {
  return JSON.stringify(names).length <= LONGEST_NAMES;
}

/** Returns the fault of a field whose names do not fit. */
export function tooManyNames(field: string) {
  return { path: [field], message: 'are more than one record can name; ask for some of them at a time' };
}

/** Names of hidden columns to show. */
export const revealedColumns = z.array(sqlText(512).min(1)).min(1).max(1700);

/** A column of a page of rows. */
export const shownColumn = z.object({
  name: z.string(),
  sqlType: z.string(),
  sensitivity: z.enum(['ordinary', 'personal', 'financial', 'secret', 'unknown']),
  hidden: z.boolean(),
});
