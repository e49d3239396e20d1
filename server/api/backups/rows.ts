import { z } from 'zod';
import type { RowPage } from '../../library/rows/rows.ts';
import type { SearchStep } from '../../library/search/archive-search.ts';
import { spenderOf } from '../../security/spender.ts';
import type { ApiContext, AuditNote } from '../context.ts';
import type { ApiParts } from '../parts.ts';
import { answer, backupRef } from '../schemas.ts';
import type { Trpc } from '../trpc.ts';

/** Whatever PostgreSQL takes: names may hold anything but NUL. */
const sqlText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text');

const rowQuery = z.strictObject({
  id: backupRef,
  /** As `backups.get` tells it. */
  table: sqlText(1100).min(1),
  /** From 1; a table is stored in chunks of about 8 MiB. */
  chunk: z.number().int().min(1).max(1_000_000).default(1),
  offset: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.number().int().min(1).max(200).default(50),
  /** Plain text, found whatever its case and its accents, in columns that are shown and in this chunk alone. */
  search: sqlText(200).min(1).exactOptional(),
});

const place = () => z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Characters of the names in the record of what was revealed: of longer details the audit keeps nothing but their length. */
const LONGEST_NAMES = 12 * 1024;

const revealQuery = rowQuery
  .extend({ columns: z.array(sqlText(512).min(1)).min(1).max(1700) })
  .refine(({ table, columns }) => JSON.stringify([table, columns]).length <= LONGEST_NAMES, {
    path: ['columns'],
    message: 'are more than one record can name; ask for some of them at a time',
  });

const searchQuery = z
  .strictObject({
    id: backupRef,
    /** Plain text, found whatever its case and its accents. */
    text: sqlText(200).min(1),
    /** As `backups.get` tells them; absent: all. */
    tables: z.array(sqlText(1100).min(1)).min(1).max(1700).exactOptional(),
    /** Rows that are told at most. */
    limit: z.number().int().min(1).max(500).default(100),
    /** `next` of a search of the same words that has ended early. */
    from: z.strictObject({ chunks: place(), rows: place() }).exactOptional(),
  })
  .refine(({ tables = [] }) => JSON.stringify(tables).length <= LONGEST_NAMES, {
    path: ['tables'],
    message: 'are more than one record can name; ask for some of them at a time',
  });

const count = z.number();

const searchStep = z.object({
  /** Gone through, of those there are to search. */
  chunks: count,
  of: count,
  /** Looked at in them. */
  rows: count,
  /** Rows found since the step before. */
  hits: z.array(
    z.object({
      table: z.string(),
      chunk: count,
      /** In the chunk, from 1. */
      row: count,
      /** In the table, from 1. */
      number: count,
      /** Values that are shown, long ones cut around what was found, NULL left out. */
      cells: z.array(z.object({ column: z.string(), value: z.string(), cut: z.boolean(), matched: z.boolean() })),
    }),
  ),
  /** What was to be searched and could not be. */
  unsearched: z.array(
    z.object({ table: z.string(), chunk: count, why: z.enum(['damaged', 'large', 'not text']), message: z.string() }),
  ),
  /** Null while it goes on. `limit`: there are more rows than were asked for. `time`: it took too long for one search. */
  end: z.enum(['complete', 'limit', 'time']).nullable(),
  /** Where to go on after an end that is not complete. */
  next: z.object({ chunks: count, rows: count }).nullable(),
}) satisfies z.ZodType<SearchStep>;

const rowPage = z.object({
  table: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      sqlType: z.string(),
      sensitivity: z.enum(['ordinary', 'personal', 'financial', 'secret', 'unknown']),
      hidden: z.boolean(),
    }),
  ),
  chunk: count,
  /** Rows of each chunk of the table. */
  chunks: z.array(count),
  /** Null: NULL, or a value of a hidden column, of which not even that is told. */
  rows: z.array(z.array(z.string().nullable())),
  /** Values of which only the beginning is in `rows`, with their size in bytes. */
  cut: z.array(z.object({ row: count, column: count, bytes: count })),
  /** Rows of this chunk that match. */
  matched: count,
  offset: count,
  limit: count,
}) satisfies z.ZodType<RowPage>;

/**
 * Rows of a stored backup, read inside its archive. `rows` shows what says nothing about a person; `reveal` shows the columns it is given as
 * well, to who may download the backup and has just given the password, and leaves an audit row that names them. Secret columns are never shown.
 */
export function rowProcedures({ procedure, ok }: Trpc, { catalogue, rows }: Pick<ApiParts, 'catalogue' | 'rows'>) {
  const find = async (id: string, signal: AbortSignal) => {
    const { name, manifest } = await catalogue.find(id, signal);
    return { name, digest: manifest?.digest ?? null };
  };

  /** A search that is on record before it begins; not what is searched for: it may be somebody's name. */
  const search = async (
    ctx: ApiContext & { note: AuditNote; signal: AbortSignal },
    { id, ...query }: z.output<typeof searchQuery>,
    people: boolean,
  ) => {
    ctx.note.target = id;
    ctx.note.details = { tables: query.tables ?? 'all', people };
    const { name } = await find(id, ctx.signal);
    ctx.note.target = name;
    return told(rows.search(name, { ...query, people }, spenderOf(ctx.caller), ctx.signal));
  };

  return {
    /** Rows of the whole backup that hold a text, in a stream. Ends with its client. */
    find: procedure
      .meta({ limit: 'create' })
      .input(searchQuery)
      .mutation(({ ctx, input }) => search(ctx, input, false)),

    /** The same in all columns but secret ones, to who may see them. */
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
        // Not what was searched for: it may be somebody's name.
        const searched = query.search !== undefined;
        ctx.note.details = { table, columns, chunk, offset, rows: found.rows.length, searched };
        return ok(found);
      }),
  };
}

/** Each step as the API has it, and nothing else of it. */
async function* told(steps: AsyncIterable<SearchStep>): AsyncGenerator<z.output<typeof searchStep>, void> {
  for await (const step of steps) yield searchStep.parse(step);
}
