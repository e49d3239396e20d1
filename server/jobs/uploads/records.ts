import { and, desc, eq, inArray, lt, notInArray, or, sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { type UploadState, uploads } from '../../../db/system/schema.ts';
import { AppError, type FailureBody } from '../../core/errors.ts';
import { isUuid } from '../../core/uuid.ts';

export type UploadRow = typeof uploads.$inferSelect;

const DOING = 'reading or writing the uploads';
const FINISHED: UploadState[] = ['accepted', 'refused'];

/** Limits on one person's uploads that have not ended. */
export interface WaitingLimits {
  uploads: number;
  bytes: number;
  /** Bytes counted for an upload of unknown size. */
  unknown: number;
}

/**
 * Inserts the record of an upload. Its file must exist first: a record without one is taken for that of a dead process.
 * Throws TOO_LARGE when the sender's other unfinished uploads leave no room for it.
 */
export async function insertUpload(
  records: Records,
  row: Pick<UploadRow, 'id' | 'originalName' | 'size' | 'actor' | 'createdAt'>,
  limits: WaitingLimits,
): Promise<void> {
  await asking(DOING, () =>
    records.transaction(async (tx) => {
      const sender = senderOf(row.actor);
      // One at a time for each sender, or two at once would both find room for the last one.
      await tx.execute(
        sql`SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${`upload of ${sender}`}, 0))`,
      );
      const [others] = await tx
        .select({
          uploads: sql`pg_catalog.count(*)`.mapWith(Number),
          bytes: sql`coalesce(pg_catalog.sum(coalesce(${uploads.size}, ${limits.unknown})), 0)`.mapWith(Number),
        })
        .from(uploads)
        .where(and(notInArray(uploads.state, FINISHED), or(eq(uploads.actor, sender), isTokenOf(sender))));
      refuseTooMany(others ?? { uploads: 0, bytes: 0 }, row.size ?? limits.unknown, limits);
      await tx.insert(uploads).values({ ...row, state: 'receiving' });
    }),
  );
}

const TOKEN_OF = ' of ';

/** Returns the person behind an actor: a person's tokens share that person's limits. */
function senderOf(actor: string): string {
  return actor.startsWith('token ') ? actor.slice(actor.lastIndexOf(TOKEN_OF) + TOKEN_OF.length) : actor;
}

function isTokenOf(sender: string) {
  const end = `${TOKEN_OF}${sender}`;
  return sql`(pg_catalog.starts_with(${uploads.actor}, 'token ') AND pg_catalog.right(${uploads.actor}, pg_catalog.length(${end}::text)) = ${end})`;
}

function refuseTooMany(others: { uploads: number; bytes: number }, size: number, limits: WaitingLimits): void {
  const details = { ...others, mostUploads: limits.uploads, mostBytes: limits.bytes };
  const hint =
    'Accept or remove some of them (uploads.list shows them), or let them expire: what nobody continues is removed after a day.';
  if (others.uploads >= limits.uploads)
    throw new AppError(
      'TOO_LARGE',
      `${others.uploads} uploads of yours have not ended; ${limits.uploads} may wait at once.`,
      {
        hint: `${hint} MAX_WAITING_UPLOADS on the server says how many.`,
        details,
      },
    );
  if (others.bytes + size > limits.bytes && others.uploads > 0)
    throw new AppError(
      'TOO_LARGE',
      `Your uploads that have not ended come to ${others.bytes} bytes; with this one they would pass ${limits.bytes}.`,
      {
        hint: `${hint} MAX_WAITING_BYTES on the server says how much.`,
        details,
      },
    );
}

/** Returns null when there is none, whatever the id looks like. */
export async function findUpload(records: Records, id: string): Promise<UploadRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await asking(DOING, async () => await records.select().from(uploads).where(eq(uploads.id, id)));
  return row ?? null;
}

/** Throws NOT_FOUND when there is none. */
export async function getUpload(records: Records, id: string): Promise<UploadRow> {
  const row = await findUpload(records, id);
  if (row) return row;
  throw new AppError('NOT_FOUND', 'There is no such upload.', { hint: 'Send the file again.' });
}

/**
 * Changes a record that is in one of these states. Returns false, changing nothing, when it is in another state by now.
 */
export async function moveUpload(
  records: Records,
  id: string,
  from: UploadState[],
  change: Partial<Omit<UploadRow, 'id'>>,
): Promise<boolean> {
  const changed = await asking(
    DOING,
    async () =>
      await records
        .update(uploads)
        .set(change)
        .where(and(eq(uploads.id, id), inArray(uploads.state, from)))
        .returning({ id: uploads.id }),
  );
  return changed.length > 0;
}

/** Ends a record that has not ended, with the reason. */
export async function refuseUpload(
  records: Records,
  id: string,
  error: FailureBody['error'],
  finishedAt: Date,
): Promise<void> {
  await moveUpload(records, id, ['receiving', 'received', 'accepting'], {
    state: 'refused',
    error: { ...error },
    finishedAt,
  });
}

/** Returns the records of uploads that have not ended. */
export async function openUploads(records: Records): Promise<UploadRow[]> {
  return await asking(
    DOING,
    async () => await records.select().from(uploads).where(notInArray(uploads.state, FINISHED)),
  );
}

/** Returns up to `limit` records older than `before`, newest first. */
export async function pageOfUploads(records: Records, limit: number, before: UploadRow | null): Promise<UploadRow[]> {
  const older =
    before &&
    or(
      lt(uploads.createdAt, before.createdAt),
      and(eq(uploads.createdAt, before.createdAt), lt(uploads.id, before.id)),
    );
  return await asking(
    DOING,
    async () =>
      await records
        .select()
        .from(uploads)
        .where(older ?? undefined)
        .orderBy(desc(uploads.createdAt), desc(uploads.id))
        .limit(limit),
  );
}
