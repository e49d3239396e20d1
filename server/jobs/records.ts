import { hostname } from 'node:os';
import type { Session } from '../../db/connect.ts';
import { SYSTEM_SCHEMA } from '../../db/schema/system.ts';
import { stagingSchema } from '../postgres/staging.ts';

/** The table of operations, for statements of sessions. */
export const OPERATIONS = `${SYSTEM_SCHEMA}.operations`;

export type EndState = 'succeeded' | 'failed' | 'cancelled';

export interface Outcome {
  result?: object;
  error?: object;
}

/** What a new record says of its operation. */
export interface RecordInput {
  kind: string;
  actor: string;
  /** Without secrets. */
  parameters: Record<string, unknown>;
}

/** Whether our records are there and this role may write them; false on a standby. */
export async function writableRecords(session: Session): Promise<boolean> {
  const [row] = await session.query<{ writable: boolean }>(
    `SELECT NOT pg_catalog.pg_is_in_recovery() AND COALESCE(bool_and(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE')), false) AS writable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'operations'`,
    [SYSTEM_SCHEMA],
  );
  return row?.writable ?? false;
}

export async function insertRecord(session: Session, id: string, input: RecordInput, now: Date): Promise<void> {
  await session.query(
    `INSERT INTO ${OPERATIONS} (id, kind, state, actor, origin, parameters, staging_schema, created_at, started_at) VALUES ($1, $2, 'running', $3, $4, $5, $6, $7, $7)`,
    [
      id,
      input.kind,
      input.actor,
      `${hostname()} pid ${process.pid}`,
      JSON.stringify(input.parameters),
      input.kind === 'restore' ? stagingSchema(id) : null,
      now.toISOString(),
    ],
  );
}

/** Ends a running operation's record; one that has ended stays as it is. */
export async function finishRecord(
  session: Session,
  id: string,
  state: EndState,
  outcome: Outcome,
  now: Date,
): Promise<void> {
  await session.query(
    `UPDATE ${OPERATIONS} SET state = $2, result = COALESCE($3, result), error = $4, finished_at = $5, staging_schema = NULL WHERE id = $1 AND state = 'running'`,
    [
      id,
      state,
      outcome.result ? JSON.stringify(outcome.result) : null,
      outcome.error ? JSON.stringify(outcome.error) : null,
      now.toISOString(),
    ],
  );
}
