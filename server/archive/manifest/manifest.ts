import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Format this program writes, as `major.minor`. A new minor only adds optional fields; older programs refuse a new
 * major.
 */
export const FORMAT_VERSION = '1.1';
export const FORMAT_MAJOR = 1;

export const MANIFEST_NAME = 'manifest.json';
/** Name reserved for an Ed25519 signature over the digest; the only entry that may follow the manifest. */
export const SIGNATURE_NAME = 'manifest.sig';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const identifier = z
  .string()
  .min(1)
  .max(512)
  .refine((name) => !name.includes('\0'), 'holds a NUL character');
const sqlText = z.string().max(1_000_000);
const objectName = z.object({ schema: identifier, name: identifier });
/** Longest list accepted: no table, type or key has more of anything. */
const LONGEST_LIST = 100_000;

/**
 * Reads a nested list up to its first wrong item. zod alone collects every fault of every item: a list of a million
 * empty objects would become gigabytes of faults. The manifest's own lists are read by `read.ts`.
 */
function listOf<Item extends z.ZodType>(item: Item, least = 0, most = LONGEST_LIST) {
  return z
    .array(z.unknown())
    .min(least)
    .max(most)
    .transform((values, context): z.output<Item>[] => {
      const items: z.output<Item>[] = [];
      for (const [index, value] of values.entries()) {
        const read = item.safeParse(value);
        if (read.success) items.push(read.data);
        else {
          for (const { path, message } of read.error.issues.slice(0, 3))
            context.addIssue({ code: 'custom', path: [index, ...path], message });
          return z.NEVER;
        }
      }
      return items;
    });
}

const action = z.enum(['no action', 'restrict', 'cascade', 'set null', 'set default']);

const column = z.object({
  name: identifier,
  key: identifier,
  sqlType: z.string().min(1).max(1000),
  notNull: z.boolean(),
  defaultSql: sqlText.nullable(),
  generated: z.object({ expression: sqlText, kind: z.enum(['stored', 'virtual']) }).nullable(),
  identity: z.enum(['always', 'by default']).nullable(),
  /** Set when it differs from the collation of the type. Since 1.1. */
  collation: objectName.nullish(),
});

const table = objectName.extend({
  key: identifier,
  columns: listOf(column, 1, 1700),
  primaryKey: z.object({ name: identifier, columns: listOf(identifier, 1) }).nullable(),
  uniques: listOf(
    z.object({
      name: identifier,
      columns: listOf(identifier, 1),
      kind: z.enum(['constraint', 'index']),
      nullsNotDistinct: z.boolean(),
    }),
  ),
  /** Foreign keys. The name is part of format 1. */
  links: listOf(
    z.object({
      name: identifier,
      columns: listOf(identifier, 1),
      target: objectName,
      targetColumns: listOf(identifier, 1),
      onUpdate: action,
      onDelete: action,
    }),
  ),
  /** Constraints as PostgreSQL wrote them; `type` is a letter of `pg_constraint.contype`. Since 1.1. */
  rules: listOf(
    z.object({
      name: identifier,
      type: z.enum(['c', 'f', 'n', 'p', 'u', 'x']),
      definition: sqlText,
      /** False for NOT VALID: rows older than the constraint may break it. */
      validated: z.boolean(),
      columns: listOf(identifier),
    }),
  ).optional(),
  /** Rows and CSV bytes of all chunks of the table. */
  rows: count,
  bytes: count,
});

/**
 * Types a column may need before its table can be made. `schema/*.sql` and people read them, and a restore compares
 * them with today's. Optional fields came with 1.1.
 */
const userType = z.discriminatedUnion('kind', [
  objectName.extend({ kind: z.literal('enum'), labels: listOf(z.string()) }),
  objectName.extend({
    kind: z.literal('domain'),
    baseType: z.string(),
    notNull: z.boolean(),
    defaultSql: sqlText.nullable(),
    checks: listOf(z.object({ name: identifier, definition: sqlText, validated: z.boolean().optional() })),
    collation: objectName.nullish(),
  }),
  objectName.extend({
    kind: z.literal('composite'),
    attributes: listOf(z.object({ name: identifier, sqlType: z.string(), collation: objectName.nullish() })),
    /** Relation whose row type this is; absent for a type made by CREATE TYPE. */
    rowOf: z.enum(['table', 'view', 'foreign table']).optional(),
  }),
  objectName.extend({
    kind: z.literal('range'),
    subtype: z.string(),
    multirange: objectName.nullable(),
    collation: objectName.nullish(),
    opclass: objectName.optional(),
    canonical: sqlText.nullish(),
    subtypeDiff: sqlText.nullish(),
  }),
  objectName.extend({
    kind: z.literal('extension'),
    version: z.string().max(200).optional(),
    /** Types of the extension that columns use. */
    members: listOf(objectName).optional(),
    /** True when the owner of a database may make it, without a superuser. */
    trusted: z.boolean().optional(),
  }),
]);

/** A type made of functions. It is kept apart from `types`, which hold only kinds that programs of format 1.0 know. */
const baseType = objectName.extend({ kind: z.literal('base'), input: sqlText, output: sqlText });

const collation = objectName.extend({
  provider: z.string().max(10),
  deterministic: z.boolean(),
  locale: sqlText.nullable(),
  ctype: sqlText.nullable(),
  rules: sqlText.nullable(),
});

/**
 * A function called by defaults, generated columns or domains. It is written into `schema/*.sql` and never run by this
 * program.
 */
const calledFunction = objectName.extend({
  /** Name as an expression spells it: `public.short_id`. */
  spelled: z.string().min(1).max(1024),
  definition: sqlText,
  /** True when it refers to tables, which must then exist before it. */
  afterTables: z.boolean(),
});

const sequence = objectName.extend({
  ownedBy: objectName.extend({ column: identifier }).nullable(),
  dataType: z.enum(['smallint', 'integer', 'bigint']),
  start: z.string().regex(/^-?\d{1,19}$/),
  increment: z.string().regex(/^-?\d{1,19}$/),
  min: z.string().regex(/^-?\d{1,19}$/),
  max: z.string().regex(/^-?\d{1,19}$/),
  cache: z.string().regex(/^\d{1,19}$/),
  cycle: z.boolean(),
  /** Text, because it has 64 bits. */
  lastValue: z.string().regex(/^-?\d{1,19}$/),
  isCalled: z.boolean(),
  /** Extension that owns the sequence, if any; only its position belongs to the user. Since 1.1. */
  extension: identifier.exactOptional(),
});

/** Something in the database that the archive does not hold, although nobody decided to leave it out. Since 1.1. */
const loss = objectName.extend({
  /** A word for people: `table`, `sequence`, `large objects`, … Later versions may use others. */
  kind: z.string().min(1).max(50),
  reason: z.string().min(1).max(2000),
});

const entry = z.object({
  name: z.string().min(1).max(1024),
  /**
   * `text` is README or SQL. `csv` and `copy` are one chunk of rows: PostgreSQL CSV with a header line, or COPY text
   * without one.
   */
  format: z.enum(['text', 'csv', 'copy']),
  /** Table a chunk belongs to; null for a text. */
  table: objectName.nullable(),
  method: z.enum(['store', 'deflate', 'zstd']),
  rows: count,
  size: count,
  storedSize: count,
  crc32: hex(4),
  sha256: hex(32),
  storedSha256: hex(32),
});

export const manifestSchema = z.object({
  formatVersion: z.string().regex(/^\d{1,6}\.\d{1,6}$/),
  /** Exactly the BackupData metadata of the user. */
  metadata: z.object({
    version: z.string().max(100),
    timestamp: z.iso.datetime(),
    /** Address without user, password and parameters. */
    databaseUrl: z.string().max(2000),
    totalRecords: count,
    backupId: z.uuid(),
    createdBy: z.string().max(500),
  }),
  kind: z.enum(['full', 'partial', 'safety', 'masked', 'uploaded']),
  application: z.object({ name: z.string().max(200), version: z.string().max(100) }),
  server: z.object({
    version: z.string().max(200),
    versionNum: count,
    encoding: z.string().max(50),
    database: identifier,
    /**
     * PostgreSQL's own number for the server's files, which tells two databases called `hrms` apart where no host is
     * known. Since 1.1.
     */
    systemIdentifier: z
      .string()
      .regex(/^\d{1,20}$/)
      .exactOptional(),
  }),
  /** Fingerprint of the model the backup was made with. */
  schemaFingerprint: hex(32),
  types: z.array(userType),
  /** Since 1.1, like `collations`. */
  otherTypes: z.array(baseType).optional(),
  collations: z.array(collation).optional(),
  /** Collation used for text that names none. Since 1.1. */
  defaultCollation: z
    .object({ provider: z.string().max(10), locale: sqlText.nullable(), rules: sqlText.nullable() })
    .exactOptional(),
  /** Functions in an order in which they can be made. Since 1.1. */
  functions: z.array(calledFunction).optional(),
  /**
   * Objects that columns and types may depend on but `schema/*.sql` cannot make: operators, functions in C, collations,
   * … Since 1.1.
   */
  required: z.array(z.object({ kind: z.string().max(100), name: z.string().min(1).max(2000) })).optional(),
  /** Tables in load order: each stands after those it refers to, except in cycles. */
  tables: z.array(table),
  /** Groups of tables that refer to each other in a cycle, as `schema.name`; a self-reference is a group of one. */
  cycles: z.array(listOf(z.string())),
  sequences: z.array(sequence),
  leftOut: z.array(objectName.extend({ reason: z.string().max(1000) })),
  /** Tables of which, by decision, only the definition is kept: no restore touches their rows. Since 1.1. */
  withoutRows: z.array(table.extend({ reason: z.string().max(1000) })).exactOptional(),
  unknown: z.object({
    /** Tables that are not in the archive. */
    tables: listOf(objectName),
    /** Columns that are in the archive all the same, as are `sequences`. */
    columns: listOf(objectName.extend({ column: identifier })),
    sequences: listOf(objectName).exactOptional(),
  }),
  /** Empty when everything is in the archive; absent before 1.1, when only `unknown` recorded losses. */
  losses: z.array(loss).exactOptional(),
  warnings: z.array(z.string().max(10_000)),
  entries: z.array(entry),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestTable = z.infer<typeof table>;
export type ManifestEntry = z.infer<typeof entry>;
export type ManifestSequence = z.infer<typeof sequence>;
export type CalledFunction = z.infer<typeof calledFunction>;
export type ManifestLoss = z.infer<typeof loss>;
export type UserType = z.infer<typeof userType>;
export type UserCollation = z.infer<typeof collation>;
export type CompressionMethod = ManifestEntry['method'];

/**
 * Longest manifest accepted: room for 150 000 chunks (more than a terabyte of rows), or for 10 000 tables of 30
 * columns.
 */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Returns the manifest in its only written form: UTF-8 JSON, indented by one, ending in a newline. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`);
}

/** Returns the SHA-256 (hex) of the manifest's bytes as given, which is the digest of the whole archive. */
export function manifestDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
