import type { AuditQuery } from '../../api.ts';

/** The parameters in the address of the audit page. Days are in the viewer's time zone. */
export interface AuditSearch {
  [key: string]: string | undefined;
  search?: string;
  outcome?: string;
  action?: string;
  actor?: string;
  from?: string;
  to?: string;
}

type AuditFilter = Omit<AuditQuery, 'before' | 'limit'>;

const OUTCOMES = ['allowed', 'denied', 'failed'] as const;

/** Converts the address into a query. Invalid parameters still give one the server understands. */
export function auditFilterOf({ search, outcome, action, actor, from, to }: AuditSearch): AuditFilter {
  const ended = OUTCOMES.find((one) => one === outcome);
  const first = parseDay(from);
  const last = parseDay(to);
  return {
    ...(search && { search: sanitized(search, 200) }),
    ...(ended && { outcome: ended }),
    ...(action && { action: sanitized(action, 100) }),
    ...(actor && { actor: sanitized(actor, 320) }),
    ...(first && { from: first.toISOString() }),
    // The last day counts whole: up to a millisecond before the next.
    ...(last && { to: new Date(new Date(last).setDate(last.getDate() + 1) - 1).toISOString() }),
  };
}

/** Returns the address that exports the same rows as a file. */
export function exportPath(filter: AuditFilter): string {
  const words = new URLSearchParams(
    Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return words.size > 0 ? `/api/audit.csv?${words}` : '/api/audit.csv';
}

/** Returns the first moment of a day in the viewer's time zone; null when the text is not a day. */
function parseDay(text: string | undefined): Date | null {
  const [, year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text ?? '') ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year < 1000) return null;
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 ? date : null;
}

/** Replaces control characters, which match nothing and which the server refuses, and cuts the text to `maxLength` characters. */
function sanitized(text: string, maxLength: number): string {
  return text
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, maxLength)
    .toWellFormed();
}
