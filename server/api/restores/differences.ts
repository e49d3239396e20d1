import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { type DifferencePage, readDifferences } from '../../library/rows/difference-rows.ts';
import type { KeptDifferences } from '../../postgres/compare/kept-rows.ts';
import type { Ask } from '../../postgres/database-status.ts';
import { askWith } from '../ask.ts';
import type { ApiParts } from '../parts.ts';
import { fitAudit, revealedColumns, shownColumn, tooManyNames } from '../revealing.ts';
import { answer, sqlText, uuid } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';

type DifferenceParts = Pick<ApiParts, 'desk' | 'records' | 'sensitivityOf' | 'now'>;

const change = z.enum(['add', 'change', 'remove']);
const count = z.number();

const differenceQuery = z.strictObject({
  /** The operation of the plan. */
  plan: uuid,
  /** The name from the plan's result. */
  table: sqlText(1100).min(1),
  /** `next` of the page before; absent: the first page. */
  after: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.number().int().min(1).max(200).default(50),
  /** Only rows that come back (`add`), change, or disappear (`remove`); absent: all. */
  changes: z.array(change).min(1).max(3).exactOptional(),
  /** Plain text, ignoring case and accents, searched in the visible columns of both sides. */
  search: sqlText(200).min(1).exactOptional(),
});

const revealQuery = differenceQuery
  .extend({ columns: revealedColumns })
  .refine(({ table, columns }) => fitAudit([table, columns]), tooManyNames('columns'));

const values = z.array(z.string().nullable()).nullable();

const differencePage = z.object({
  table: z.string(),
  columns: z.array(shownColumn),
  /** Columns that tell rows apart; empty where rows were compared as a whole. */
  key: z.array(z.string()),
  rows: z.array(
    z.object({
      place: count,
      change,
      /** Places of the changed columns, from 1, hidden ones too. */
      columns: z.array(count),
      /** Values of the time of the plan; null where only the backup has the row. */
      before: values,
      /** Values of the backup; null where only the database has the row. */
      after: values,
    }),
  ),
  /** Values of which only the beginning is given. */
  cut: z.array(z.object({ row: count, side: z.enum(['before', 'after']), column: count })),
  /** Rows kept of this table, and whether these are all that differ. */
  kept: count,
  complete: z.boolean(),
  next: count.nullable(),
}) satisfies z.ZodType<DifferencePage>;

/**
 * Reads the rows that a plan found different, while it keeps them. `differences` shows only columns that say nothing about a person;
 * `revealDifferences` adds the columns it names, under the terms of `backups.reveal`.
 */
export function differenceProcedures({ procedure, ok }: Trpc, parts: DifferenceParts) {
  const read = async (
    { plan, ...query }: z.output<typeof differenceQuery>,
    revealed: string[],
    signal: AbortSignal,
  ) => {
    const kept = await keptBy(parts, plan);
    return await readDifferences(askAlone(parts), kept, { ...query, revealed }, parts.sensitivityOf, signal);
  };
  return {
    differences: procedure
      .input(differenceQuery)
      .output(answer(differencePage))
      .query(async ({ ctx, input }) => ok(await read(input, [], ctx.signal))),

    revealDifferences: procedure
      .meta({ limit: 'api', audit: 'required' })
      .input(revealQuery)
      .output(answer(differencePage))
      .mutation(async ({ ctx, input: { columns: named, ...query } }) => {
        const columns = [...new Set(named)];
        ctx.note.target = query.plan;
        ctx.note.operationId = query.plan;
        ctx.note.details = { table: query.table, columns };
        const found = await read(query, columns, ctx.signal);
        // Without the text searched for: it may be somebody's name.
        const searched = query.search !== undefined;
        ctx.note.details = { table: query.table, columns, after: query.after, rows: found.rows.length, searched };
        return ok(found);
      }),
  };
}

/** Returns the rows that a plan keeps. Throws NOT_FOUND for an operation that keeps none, or none any more. */
async function keptBy({ desk, now }: DifferenceParts, id: string): Promise<KeptDifferences> {
  const { kind, state, result } = await desk.get(id);
  const kept = (result?.['kept'] ?? null) as KeptDifferences | null;
  if (kind === 'plan' && state === 'succeeded' && kept !== null && Date.parse(kept.until) > now().getTime())
    return kept;
  throw new AppError('NOT_FOUND', `The operation ${id} keeps no rows that differ.`, {
    hint: 'Only plans keep them, for PLAN_KEEP_MINUTES or until the next restore. Ask for a new plan.',
    details: { operationId: id },
  });
}

/** Runs each statement in a transaction of its own that waits for nobody: the sweeper may be removing the rows. */
function askAlone({ records }: DifferenceParts): Ask {
  return (text, params) =>
    records.transaction(async (tx) => {
      await tx.execute(sql.raw(`SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = ''`));
      return await askWith(tx)(text, params);
    });
}
