import { z } from 'zod';
import { moment, plainText } from '../api/schemas.ts';
import { AppError, ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import type { AuditFilter } from '../security/audit/audit.ts';
import type { AuditRow } from '../security/audit/audit-row.ts';
import { holderOf } from '../security/caller.ts';
import { requireRight, whileSent } from './audited.ts';
import { attachment } from './disposition.ts';
import type { FileParts, FilesContext } from './parts.ts';
import { iterableBody } from './stream-body.ts';

const COLUMNS = [
  'id',
  'at',
  'actor',
  'address',
  'action',
  'outcome',
  'code',
  'target',
  'operationId',
  'requestId',
  'details',
  'previousHash',
  'hash',
] as const satisfies readonly (keyof AuditRow)[];

/** Characters gathered from rows before they are sent. */
const PIECE = 64 * 1024;

const text = plainText(600).min(1).optional();
const filterOf = z.strictObject({
  actor: text,
  action: text,
  outcome: z.enum(['allowed', 'denied', 'failed']).optional(),
  code: z.enum(Object.keys(ERROR_FAMILIES) as [ErrorCode, ...ErrorCode[]]).optional(),
  target: text,
  operationId: z.uuid().optional(),
  address: text,
  search: text,
  from: moment.optional(),
  to: moment.optional(),
});

/**
 * Handles `GET /api/audit.csv`: the audit, or the rows that pass a filter, for `audit:read`. Throws INPUT_INVALID
 * naming the parameters that cannot be used.
 */
export async function auditCsv(parts: FileParts, c: FilesContext): Promise<Response> {
  requireRight(c, 'GET /api/audit.csv', parts.now());
  const filter = readFilter(c.req.query());
  const headers = {
    'Cache-Control': 'no-store',
    'Content-Disposition': attachment(`audit_${parts.now().toISOString().slice(0, 10)}.csv`),
    'Content-Type': 'text/csv; charset=utf-8; header=present',
  };
  if (c.req.method === 'HEAD') return new Response(null, { headers });
  const gone = new AbortController();
  const { actor } = c.get('caller');
  const allowed = whileSent(parts, c, 'GET /api/audit.csv', { actor, holder: holderOf(c.get('caller')) });
  const rows = parts.audit.rows(filter, AbortSignal.any([gone.signal, c.req.raw.signal, allowed]));
  return new Response(
    iterableBody(csvOf(rows), async () => gone.abort()),
    { headers },
  );
}

function readFilter(query: Record<string, string>): AuditFilter {
  const read = filterOf.safeParse(query);
  if (read.success) {
    return Object.fromEntries(Object.entries(read.data).filter(([, value]) => value !== undefined));
  }
  const faults = read.error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${issue.message}`);
  throw new AppError('INPUT_INVALID', `The filter cannot be used: ${faults.join('; ')}.`, {
    hint: `Use ${Object.keys(filterOf.shape).join(', ')}; times are ISO, such as 2026-11-23T09:00:00Z.`,
  });
}

async function* csvOf(rows: AsyncIterable<AuditRow>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines = csvLine(COLUMNS);
  for await (const row of rows) {
    lines += csvLine(COLUMNS.map((column) => asText(row[column])));
    if (lines.length < PIECE) continue;
    yield encoder.encode(lines);
    lines = '';
  }
  if (lines !== '') yield encoder.encode(lines);
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * Returns one line of RFC 4180. A cell that a spreadsheet would run as a formula gets an apostrophe before it, because
 * anonymous callers choose parts of the audit's text. Pure.
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string): string {
  const safe = /^[\s]*[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
