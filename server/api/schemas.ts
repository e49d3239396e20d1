import { z } from 'zod';
import { OPERATION_STATES, UPLOAD_STATES } from '../../db/system/schema.ts';

/**
 * Accepts a text without control characters. Input objects are strict everywhere: a misspelt `tables` must not turn a restore of
 * one table into one of all.
 */
export const plainText = (most: number) =>
  z
    .string()
    .max(most)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .refine((text) => !/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed(), 'must not hold control characters');

/** A backup's id or file name. An unknown one is NOT_FOUND, whatever it looks like. */
export const backupRef = plainText(200).min(1);

/** Keys, names or `schema.name`. */
export const tableNames = z.array(plainText(200).min(1)).min(1).max(500).exactOptional();

export const idempotencyKey = plainText(200).min(1).exactOptional();

export const uuid = z.uuid();

export const pageLimit = z.number().int().min(1).max(100);

/**
 * A time with offset. The year is checked in UTC, where it may differ from the one written, to stay within
 * PostgreSQL's.
 */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((at) => at.getUTCFullYear() >= 1 && at.getUTCFullYear() <= 9999, 'must be of the years 1 to 9999');

/** Describes the response of every procedure. */
export const answer = <Data extends z.ZodType>(data: Data) =>
  z.object({ success: z.literal(true), data, timestamp: z.string() });

const facts = z.record(z.string(), z.unknown());
const count = z.number();

const failure = z.object({
  code: z.string(),
  message: z.string(),
  details: facts.exactOptional(),
  hint: z.string().exactOptional(),
  timestamp: z.string(),
});

export const operationView = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(OPERATION_STATES),
  actor: z.string(),
  origin: z.string(),
  parameters: facts,
  progress: z
    .object({
      stage: z.string(),
      rows: count,
      bytes: count,
      totalBytes: count,
      totalRows: count.exactOptional(),
      blocked: z.boolean().exactOptional(),
      rowsPerSecond: count,
      bytesPerSecond: count,
      secondsLeft: count.nullable(),
      tables: z.record(z.string(), z.object({ rows: count, bytes: count })),
    })
    .nullable(),
  result: facts.nullable(),
  error: failure.nullable(),
  archive: z.string().nullable(),
  revision: count,
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
  cancelRequestedAt: z.date().nullable(),
});

export const uploadView = z.object({
  id: z.string(),
  originalName: z.string(),
  state: z.enum(UPLOAD_STATES),
  type: z.string().nullable(),
  size: count.nullable(),
  sha256: z.string().nullable(),
  archive: z.string().nullable(),
  /** The operation that accepts or accepted it. */
  operationId: z.string().nullable(),
  error: facts.nullable(),
  actor: z.string(),
  createdAt: z.date(),
  finishedAt: z.date().nullable(),
});

/** The response to starting an operation; `existing` when the same idempotency key had started it before. */
export const startedOperation = answer(z.object({ operation: operationView, existing: z.boolean() }));

/** Accepts a text that PostgreSQL takes as a name: anything but NUL. */
export const sqlText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text');
