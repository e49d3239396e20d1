import { z } from 'zod';
import { levelFault } from '../../archive/codec.ts';
import { AppError } from '../../core/errors.ts';
import { WANTED_WAYS } from '../../restore/ways/way.ts';

const tables = z.array(z.string().min(1).max(200)).min(1).max(1000).optional();
const archive = z.string().min(1).max(255);
/** Puts constraints back as NOT VALID when rows of the backup break them. */
const keepBrokenRules = z.boolean().optional();
/** Waits in the queue while another operation is in the way, instead of being refused at once. */
const wait = z.boolean();

/**
 * Everything that can be requested of a worker, without secrets: a record's `parameters` are the request without its
 * kind.
 */
export const operationRequest = z.discriminatedUnion('kind', [
  z
    .object({
      kind: z.literal('backup'),
      tables,
      compression: z.enum(['deflate', 'zstd']),
      level: z.number().int().min(0).max(19).optional(),
      /** The archive's name without `.zip`; made from time and id when absent. */
      name: z.string().min(1).max(200).optional(),
      /** Refuses when the database has tables or columns the schema does not know. */
      strict: z.boolean(),
      /** Reads the stored archive back before calling it good. */
      verify: z.boolean(),
      wait,
    })
    .superRefine(({ compression, level }, context) => {
      const message = level === undefined ? null : levelFault(compression, level);
      if (message !== null) context.addIssue({ code: 'custom', path: ['level'], message });
    }),
  z.object({ kind: z.literal('verify'), archive, wait }),
  /** Finds what a restore would change. */
  z.object({ kind: z.literal('plan'), archive, tables, keepBrokenRules, wait }),
  /** Makes a received upload a stored backup. `file` is the sender's name for it. */
  z.object({ kind: z.literal('upload'), upload: z.uuid(), file: z.string().max(300), wait }),
  z.object({
    kind: z.literal('restore'),
    archive,
    tables,
    keepBrokenRules,
    /** Digest of the plan that is carried out, or nothing. */
    planDigest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** The way in which rows get into live. */
    apply: z.enum(WANTED_WAYS).optional(),
    wait,
  }),
]);

export type OperationRequest = z.infer<typeof operationRequest>;

/**
 * Returns the data as a request, without undefined fields. Throws INPUT_INVALID, naming each fault by its path and
 * never by its value.
 */
export function readRequest(data: unknown): OperationRequest {
  const read = operationRequest.safeParse(data);
  if (read.success) return JSON.parse(JSON.stringify(read.data));
  const faults = read.error.issues.map((issue) => `${issue.path.join('.') || 'the request'}: ${issue.message}`);
  throw new AppError('INPUT_INVALID', `A worker cannot be given this request: ${faults.join('; ')}.`, {
    hint: 'Correct what is named, and ask again.',
    details: { faults },
  });
}
