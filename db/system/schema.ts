/**
 * Our own records. They live in the schema `backup_system`, are never part of a backup and never touched by a restore. The schema object is
 * not exported: the migrator creates the schema before its journal, and drizzle-kit would write a second CREATE SCHEMA for an exported one.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

/** Name of our schema; spelled nowhere else. */
export const SYSTEM_SCHEMA = 'backup_system';

const system = pgSchema(SYSTEM_SCHEMA);

export const OPERATION_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/**
 * One row per backup, restore, verification and so on: who asked, from where, with what result. A restore writes `succeeded` in the
 * transaction that changes the data, so the record never disagrees with the tables.
 */
export const operations = system.table(
  'operations',
  {
    id: uuid().primaryKey(),
    /** backup, plan, restore, verify or upload; any text, because a newer program may have written it. */
    kind: text().notNull(),
    state: text({ enum: OPERATION_STATES }).notNull(),
    actor: text().notNull(),
    /** Host, and the command line or the service that asked. */
    origin: text().notNull(),
    /** Parameters of the request, without secrets. */
    parameters: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    progress: jsonb().$type<Record<string, unknown>>(),
    result: jsonb().$type<Record<string, unknown>>(),
    error: jsonb().$type<Record<string, unknown>>(),
    /** Name of the archive it makes or reads, set as soon as it is known: a deletion asks which archives are in use. */
    archive: text(),
    /** Private schema a restore works in; the sweeper drops what a dead operation left. */
    stagingSchema: text('staging_schema'),
    /** Key chosen by the caller: two requests with one key make one operation. Unique per actor. */
    idempotencyKey: text('idempotency_key'),
    /** Counter that grows with each change of `progress` or `state`; it tells a listener what is new. */
    revision: bigint({ mode: 'number' }).notNull().default(0),
    cancelRequestedAt: moment('cancel_requested_at'),
    cancelRequestedBy: text('cancel_requested_by'),
    createdAt: moment('created_at').notNull().defaultNow(),
    startedAt: moment('started_at'),
    finishedAt: moment('finished_at'),
  },
  (t) => [
    index('operations_state_created_at_index').on(t.state, t.createdAt),
    index('operations_created_at_index').on(t.createdAt),
    uniqueIndex('operations_idempotency_key').on(t.actor, t.kind, t.idempotencyKey),
    check('operations_state_check', sql`state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
    check(
      'operations_finished_check',
      sql`(finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))`,
    ),
    check('operations_staging_schema_check', sql`staging_schema like 'restore\\_%'`),
  ],
);

/**
 * A browser's session. The cookie holds its id, the row only the SHA-256: reading this table lets nobody in. Has no foreign key to
 * `admins`, which a restore may rewrite; role and active flag are as last read from there.
 */
export const sessions = system.table(
  'sessions',
  {
    /** SHA-256 (hex) of the session's id. */
    id: text().primaryKey(),
    /** Null for a break-glass session, which belongs to nobody in `admins`. */
    adminId: text('admin_id'),
    email: text().notNull(),
    fullName: text('full_name').notNull(),
    role: text().notNull(),
    isActive: boolean('is_active').notNull(),
    /** Time at which role and active flag were last read from `admins`. */
    checkedAt: moment('checked_at').notNull(),
    address: text().notNull(),
    userAgent: text('user_agent').notNull().default(''),
    /** Time until which the password need not be given again. */
    stepUpUntil: moment('step_up_until'),
    createdAt: moment('created_at').notNull().defaultNow(),
    expiresAt: moment('expires_at').notNull(),
  },
  (t) => [index('sessions_admin_id_index').on(t.adminId), index('sessions_expires_at_index').on(t.expiresAt)],
);

/** A service's named access. The token itself (a signed JWT) is shown once and stored nowhere; its `jti` is the id here. */
export const tokens = system.table(
  'tokens',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    scopes: text().array().notNull(),
    /** Owner: the token can do no more than that administrator may, and nothing once he is inactive. */
    adminId: text('admin_id').notNull(),
    email: text().notNull(),
    role: text().notNull(),
    isActive: boolean('is_active').notNull(),
    checkedAt: moment('checked_at').notNull(),
    createdAt: moment('created_at').notNull().defaultNow(),
    expiresAt: moment('expires_at').notNull(),
    lastUsedAt: moment('last_used_at'),
    revokedAt: moment('revoked_at'),
    revokedBy: text('revoked_by'),
  },
  (t) => [index('tokens_admin_id_index').on(t.adminId)],
);

/** Keys that sign tokens and links (Ed25519). The private half is encrypted with a key derived from SECRET_KEY. */
export const signingKeys = system.table('signing_keys', {
  /** The JWK thumbprint (RFC 7638). */
  kid: text().primaryKey(),
  publicJwk: jsonb('public_jwk').$type<Record<string, unknown>>().notNull(),
  /** A compact JWE. */
  privateJwe: text('private_jwe').notNull(),
  createdAt: moment('created_at').notNull().defaultNow(),
  /** Time from which the key signs no more; it still verifies until `expiresAt`. */
  retiredAt: moment('retired_at'),
  expiresAt: moment('expires_at'),
});

/** Points consumed within a window, in the columns rate-limiter-flexible uses; shared by all replicas. */
export const rateLimits = system.table('rate_limits', {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  /** Milliseconds since 1970. */
  expire: bigint({ mode: 'number' }),
});

/** One-time codes to sign in after the `admins` table is lost; created by a command on the server. */
export const breakGlass = system.table('break_glass', {
  /** SHA-256 (hex) of the code. */
  id: text().primaryKey(),
  createdBy: text('created_by').notNull(),
  createdAt: moment('created_at').notNull().defaultNow(),
  expiresAt: moment('expires_at').notNull(),
  usedAt: moment('used_at'),
  usedFrom: text('used_from'),
});

export const UPLOAD_STATES = ['receiving', 'received', 'accepting', 'accepted', 'refused'] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

/** A file somebody sends: received by the bytes routes, then accepted as a backup or refused with the reason. */
export const uploads = system.table(
  'uploads',
  {
    id: uuid().primaryKey(),
    /** File name the sender gave; for people, never a path. */
    originalName: text('original_name').notNull(),
    state: text({ enum: UPLOAD_STATES }).notNull(),
    /** Type of the content, once it was examined: archive, json, json.gz, zip. */
    type: text(),
    /** Size in bytes, as declared until all are received. */
    size: bigint({ mode: 'number' }),
    sha256: text(),
    /** Name it is stored under as a backup, once accepted. */
    archive: text(),
    error: jsonb().$type<Record<string, unknown>>(),
    actor: text().notNull(),
    createdAt: moment('created_at').notNull().defaultNow(),
    finishedAt: moment('finished_at'),
  },
  (t) => [
    index('uploads_created_at_index').on(t.createdAt),
    check('uploads_state_check', sql`state in ('receiving', 'received', 'accepting', 'accepted', 'refused')`),
  ],
);

/**
 * One row for every attempt that passed the rate limit, allowed or not. Append-only by triggers; each row's hash covers the row before it,
 * through the one row of `audit_head`.
 */
export const audit = system.table(
  'audit',
  {
    /** The head's number plus one, without gaps. */
    id: bigint({ mode: 'number' }).primaryKey(),
    at: moment('at').notNull(),
    actor: text().notNull(),
    address: text().notNull(),
    /** A procedure's path, a route, or a command. */
    action: text().notNull(),
    outcome: text({ enum: ['allowed', 'denied', 'failed'] }).notNull(),
    /** Error code of the closed list, when the attempt was denied or failed. */
    code: text(),
    /** Subject of the attempt: a backup's file name, a token's id. */
    target: text(),
    operationId: uuid('operation_id'),
    requestId: text('request_id'),
    /** Details, without secrets. */
    details: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    previousHash: text('previous_hash').notNull(),
    hash: text().notNull(),
  },
  (t) => [
    index('audit_at_index').on(t.at),
    index('audit_actor_index').on(t.actor),
    index('audit_operation_id_index').on(t.operationId),
    check('audit_outcome_check', sql`outcome in ('allowed', 'denied', 'failed')`),
  ],
);

/** End of the chain. Whoever appends takes it FOR UPDATE, so that the chain never forks. */
export const auditHead = system.table(
  'audit_head',
  {
    only: smallint().primaryKey().default(1),
    lastId: bigint('last_id', { mode: 'number' }).notNull(),
    hash: text().notNull(),
  },
  () => [check('audit_head_only_check', sql`"only" = 1`)],
);
