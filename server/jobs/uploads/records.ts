import { and, desc, eq, inArray, lt, notInArray, or } from 'drizzle-orm';
import { asking } from '../../../db/failure.ts';
import type { Records } from '../../../db/records.ts';
import { type UploadState, uploads } from '../../../db/schema/system.ts';
import { AppError, type FailureBody } from '../../errors.ts';
import { isUuid } from '../../uuid.ts';

export type UploadRow = typeof uploads.$inferSelect;

const DOING = 'reading or writing the uploads';
const FINISHED: UploadState[] = ['accepted', 'refused'];

/** Begins the record of an upload. Its file must be there already: a record without one is taken for that of a dead process. */
export async function insertUpload(
  records: Records,
  row: Pick<UploadRow, 'id' | 'originalName' | 'size' | 'actor' | 'createdAt'>,
): Promise<void> {
  await asking(DOING, async () => await records.insert(uploads).values({ ...row, state: 'receiving' }));
}

/** Null when there is none, whatever the id looks like. */
export async function findUpload(records: Records, id: string): Promise<UploadRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await asking(DOING, async () => await records.select().from(uploads).where(eq(uploads.id, id)));
  return row ?? null;
}

/** Rejects with NOT_FOUND when there is none. */
export async function getUpload(records: Records, id: string): Promise<UploadRow> {
  const row = await findUpload(records, id);
  if (row) return row;
  throw new AppError('NOT_FOUND', 'There is no such upload.', { hint: 'Send the file again.' });
}

/** Changes a record that is in one of these states; false, and nothing changed, when it is in another one meanwhile. */
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

/** Records of uploads that are under way, or wait. */
export async function openUploads(records: Records): Promise<UploadRow[]> {
  return await asking(
    DOING,
    async () => await records.select().from(uploads).where(notInArray(uploads.state, FINISHED)),
  );
}

/** At most so many records, newest first, of those older than `before`. */
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
