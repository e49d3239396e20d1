/**
 * Our own records. They live in the schema `backup_system`, are never part of a backup and never touched by a restore.
 * The schema object is not exported: the migrator makes the schema before its journal, and drizzle-kit would write
 * a second CREATE SCHEMA for an exported one.
 */
import { sql } from 'drizzle-orm';
import { check, index, jsonb, pgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** The one place that spells the name of our schema. */
export const SYSTEM_SCHEMA = 'backup_system';

const system = pgSchema(SYSTEM_SCHEMA);

export const OPERATION_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/**
 * One row per backup, restore, verification and so on: who asked, from where, what came of it. A restore writes
 * `succeeded` in the transaction that changes the data, so the record never disagrees with the tables.
 */
export const operations = system.table(
  'operations',
  {
    id: uuid().primaryKey(),
    /** backup, restore, verify, prove, prune, upload, undo: open, because a newer program may have written it. */
    kind: text().notNull(),
    state: text({ enum: OPERATION_STATES }).notNull(),
    actor: text().notNull(),
    /** Host, and the command line or the service that asked. */
    origin: text().notNull(),
    /** Without secrets. */
    parameters: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    progress: jsonb().$type<Record<string, unknown>>(),
    result: jsonb().$type<Record<string, unknown>>(),
    error: jsonb().$type<Record<string, unknown>>(),
    /** The name of the archive it makes or reads, known as soon as it is: pruning asks which archives are in use. */
    archive: text(),
    /** The private schema a restore works in; the sweeper drops what a dead operation left. */
    stagingSchema: text('staging_schema'),
    createdAt: moment('created_at').notNull().defaultNow(),
    startedAt: moment('started_at'),
    finishedAt: moment('finished_at'),
  },
  (t) => [
    index('operations_state_created_at_index').on(t.state, t.createdAt),
    index('operations_created_at_index').on(t.createdAt),
    check('operations_state_check', sql`state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
    check(
      'operations_finished_check',
      sql`(finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))`,
    ),
    check('operations_staging_schema_check', sql`staging_schema like 'restore\\_%'`),
  ],
);
