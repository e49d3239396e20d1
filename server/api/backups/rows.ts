import { z } from 'zod';
import type { RowPage } from '../../library/rows/rows.ts';
import type { SearchStep } from '../../library/search/archive-search.ts';
import { rateKeyOf } from '../../security/rate-key.ts';
import type { ApiContext, AuditNote } from '../context.ts';
import type { ApiParts } from '../parts.ts';
import { fitAudit, revealedColumns, shownColumn, tooManyNames } from '../revealing.ts';
import { answer, backupRef, sqlText } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';

const rowQuery = z.strictObject({
  id: backupRef,
  /** The name from `backups.get`. */
  table: sqlText(1100).min(1),
  /** From 1; a table is stored in chunks of about 8 MiB. */
  chunk: z.number().int().min(1).max(1_000_000).default(1),
  offset: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.number().int().min(1).max(200).default(50),
  /** Plain text, ignoring case and accents, searched in visible columns of this chunk alone. */
  search: sqlText(200).min(1).exactOptional(),
});

const position = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const revealQuery = rowQuery
  .extend({ columns: revealedColumns })
  .refine(({ table, columns }) => fitAudit([table, columns]), tooManyNames('columns'));

const searchQuery = z
  .strictObject({
    id: backupRef,
    /** Plain text, ignoring case and accents. */
    text: sqlText(200).min(1),
    /** Names from `backups.get`; absent: all tables. */
    tables: z.array(sqlText(1100).min(1)).min(1).max(1700).exactOptional(),
    /** Most rows returned. */
    limit: z.number().int().min(1).max(500).default(100),
    /** `next` of a search for the same text that ended early. */
    from: z.strictObject({ chunks: position(), rows: position() }).exactOptional(),
  })
  .refine(({ tables = [] }) => fitAudit(tables), tooManyNames('tables'));

const count = z.number();

const searchStep = z.object({
  /** Chunks searched, of those to search. */
  chunks: count,
  of: count,
  /** Rows read in them. */
  rows: count,
  /** Rows found since the step before. */
  hits: z.array(
    z.object({
      table: z.string(),
      chunk: count,
      /** Position in the chunk, from 1. */
      row: count,
      /** Position in the table, from 1. */
      number: count,
      /** Visible values, without NULL; long ones are cut around the match. */
      cells: z.array(z.object({ column: z.string(), value: z.string(), cut: z.boolean(), matched: z.boolean() })),
    }),
  ),
  /** Chunks that could not be searched. */
  unsearched: z.array(
    z.object({ table: z.string(), chunk: count, why: z.enum(['damaged', 'large', 'not text']), message: z.string() }),
  ),
  /** Null while it goes on. `limit`: there are more rows than requested. `time`: it took too long for one search. */
  end: z.enum(['complete', 'limit', 'time']).nullable(),
  /** Position to continue from after an end that is not complete. */
  next: z.object({ chunks: count, rows: count }).nullable(),
}) satisfies z.ZodType<SearchStep>;

const rowPage = z.object({
  table: z.string(),
  columns: z.array(shownColumn),
  chunk: count,
  /** Rows of each chunk of the table. */
  chunks: z.array(count),
  /** Null: NULL, or any value of a hidden column, NULL or not. */
  rows: z.array(z.array(z.string().nullable())),
  /** Values cut in `rows`, with their full size in bytes. */
  cut: z.array(z.object({ row: count, column: count, bytes: count })),
  /** Rows of this chunk that match. */
  matched: count,
  offset: count,
  limit: count,
}) satisfies z.ZodType<RowPage>;

/**
 * Reads rows of a stored backup inside its archive; `rows` shows only columns that say nothing about a person. `reveal`
 * adds the columns it names, needs the right to download and step-up, and leaves an audit row. Secret columns are never
 * shown.
 */
export function rowProcedures({ procedure, ok }: Trpc, { cache, rows }: Pick<ApiParts, 'cache' | 'rows'>) {
  const find = async (id: string, signal: AbortSignal) => {
    const { name, manifest } = await cache.find(id, signal);
    return { name, digest: manifest?.digest ?? null };
  };

  /**
   * Starts a search after noting its tables and columns for the audit; the text is left out, because it may be somebody's
   * name.
   */
  const search = async (
    ctx: ApiContext & { note: AuditNote; signal: AbortSignal },
    { id, ...query }: z.output<typeof searchQuery>,
    people: boolean,
  ) => {
    ctx.note.target = id;
    ctx.note.details = { tables: query.tables ?? 'all', people };
    const { name } = await find(id, ctx.signal);
    ctx.note.target = name;
    return told(rows.search(name, { ...query, people }, rateKeyOf(ctx.caller), ctx.signal));
  };

  return {
    /** Streams the rows of the whole backup that hold a text. Ends when its client goes. */
    find: procedure
      .meta({ limit: 'create' })
      .input(searchQuery)
      .mutation(({ ctx, input }) => search(ctx, input, false)),

    /** Searches all but the secret columns, for callers who may see them. */
    findPeople: procedure
      .meta({ limit: 'create', audit: 'required' })
      .input(searchQuery)
      .mutation(({ ctx, input }) => search(ctx, input, true)),

    rows: procedure
      .input(rowQuery)
      .output(answer(rowPage))
      .query(async ({ ctx: { signal }, input: { id, ...query } }) =>
        ok(await rows.read(await find(id, signal), { ...query, revealed: [] }, signal)),
      ),

    reveal: procedure
      .meta({ limit: 'api', audit: 'required' })
      .input(revealQuery)
      .output(answer(rowPage))
      .mutation(async ({ ctx, input }) => {
        const { id, columns: named, ...query } = input;
        const columns = [...new Set(named)];
        ctx.note.target = id;
        ctx.note.details = { table: query.table, columns };
        const backup = await find(id, ctx.signal);
        ctx.note.target = backup.name;
        const found = await rows.read(backup, { ...query, revealed: columns }, ctx.signal);
        const { table, chunk, offset } = found;
        // Without the text searched for: it may be somebody's name.
        const searched = query.search !== undefined;
        ctx.note.details = { table, columns, chunk, offset, rows: found.rows.length, searched };
        return ok(found);
      }),
  };
}

/** Passes on each step with the fields of the API and no others. */
async function* told(steps: AsyncIterable<SearchStep>): AsyncGenerator<z.output<typeof searchStep>, void> {
  for await (const step of steps) yield searchStep.parse(step);
}
