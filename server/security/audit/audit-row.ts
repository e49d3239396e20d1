import type { audit } from '../../../db/system/schema.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { isUuid } from '../../core/uuid.ts';
import { sha256 } from '../sha256.ts';
import { canonicalJson, type Json } from './canonical-json.ts';

/** One attempt, as reported by the code that handled it. */
export interface AuditEntry {
  actor: string;
  address: string;
  /** A procedure's path, a route, or a command. */
  action: string;
  outcome: 'allowed' | 'denied' | 'failed';
  code?: ErrorCode;
  target?: string;
  operationId?: string;
  requestId?: string;
  /** Put no secrets here: only members with a secret's name are masked, all else is kept. */
  details?: Record<string, unknown>;
}

export type AuditRow = typeof audit.$inferSelect;
type UnhashedRow = Omit<AuditRow, 'previousHash' | 'hash'>;

/** Hash before the first row. */
export const FIRST_HASH = '0'.repeat(64);

const LONGEST_TEXT = 500;
const LONGEST_DETAILS = 16_384;
const SECRET_NAME = /^(password|passphrase|secret|secretkey|token|accesstoken|code|cookie|authorization|jwt)$/i;

/**
 * Turns an entry into a row with exactly the values PostgreSQL gives back, so that its hash can be computed again from
 * the table.
 */
export function rowOf(entry: AuditEntry, id: number, at: Date): UnhashedRow {
  const isOperation = entry.operationId !== undefined && isUuid(entry.operationId);
  return {
    id,
    at,
    actor: text(entry.actor),
    address: text(entry.address),
    action: text(entry.action),
    outcome: entry.outcome,
    code: entry.code ?? null,
    target: entry.target === undefined ? null : text(entry.target),
    operationId: isOperation ? (entry.operationId?.toLowerCase() ?? null) : null,
    requestId: entry.requestId === undefined ? null : text(entry.requestId),
    details: detailsOf(entry.details ?? {}),
  };
}

/** Returns the hash that chains a row: SHA-256 over the canonical JSON of the row and the hash before it. */
export function hashOf(row: UnhashedRow, previousHash: string): string {
  const { id, at, actor, address, action, outcome, code, target, operationId, requestId, details } = row;
  const facts = { id, at: at.toISOString(), actor, address, action, outcome, code, target, operationId, requestId };
  return sha256(canonicalJson({ ...facts, details: details as Json, previousHash }));
}

/** Shortens a text, and replaces NUL and half surrogate pairs, which PostgreSQL cannot store. */
function text(given: string): string {
  return storable(given.length > LONGEST_TEXT ? `${given.slice(0, LONGEST_TEXT)}…` : given);
}

function storable(given: string): string {
  return given.replaceAll('\0', '\uFFFD').toWellFormed();
}

function detailsOf(details: Record<string, unknown>): Record<string, Json> {
  try {
    const plain = clean(JSON.parse(JSON.stringify(details)));
    const size = canonicalJson(plain).length;
    if (size > LONGEST_DETAILS) return { tooLong: size };
    return plain !== null && typeof plain === 'object' && !Array.isArray(plain) ? plain : { value: plain };
  } catch {
    // A cycle, a bigint or a tree too deep is no reason to lose the row.
    return { unreadable: true };
  }
}

function clean(value: Json): Json {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [storable(name), SECRET_NAME.test(name) ? '***' : clean(member)]),
  );
}
