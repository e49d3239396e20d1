import type { Records } from '../../../db/system/records.ts';
import { AppError, failureBody } from '../../core/errors.ts';
import type { UploadArea } from '../../storage/uploads.ts';
import type { OperationView } from '../records.ts';
import { atIt } from './accept.ts';
import type { Acceptance } from './acceptance.ts';
import { acceptancesOf } from './acceptance.ts';
import { findUpload, getUpload, pageOfUploads, refuseUpload, type UploadRow } from './records.ts';

/** An upload with the operation that accepts or accepted it; null before one was requested. */
export type ShownUpload = UploadRow & { operationId: string | null };

/** Lists, reads, accepts and removes uploads whose bytes have been received. */
export interface UploadDesk {
  /**
   * Returns uploads newest first; `before` is the last page's `next`. Throws INPUT_INVALID when that upload is gone.
   */
  list(filter: { limit: number; before?: string }): Promise<{ uploads: ShownUpload[]; next: string | null }>;
  /** Throws NOT_FOUND. */
  get(id: string): Promise<ShownUpload>;
  /** Requests an operation that makes a received upload a stored backup; see `Acceptance`. */
  accept(id: string, by: string, origin: string): Promise<{ operation: OperationView; existing: boolean }>;
  /**
   * Removes the file and ends the record; the backup of an accepted upload stays. Throws NOT_FOUND, and
   * OPERATION_IN_PROGRESS while it is being accepted.
   */
  remove(id: string, by: string): Promise<void>;
}

/** Dependencies of the upload desk. */
export interface UploadDeskParts {
  records: Records;
  area: UploadArea;
  acceptance: Acceptance;
  now: () => Date;
}

export function createUploadDesk(parts: UploadDeskParts): UploadDesk {
  const { records, area, now } = parts;
  const shown = async (rows: UploadRow[]): Promise<ShownUpload[]> => {
    const found = await acceptancesOf(
      records,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => ({ ...row, operationId: found.get(row.id)?.id ?? null }));
  };
  return {
    async list({ limit, before }) {
      const last = before === undefined ? null : await findUpload(records, before);
      if (before !== undefined && !last)
        throw new AppError('INPUT_INVALID', 'The page before ends with an upload that is there no more.', {
          hint: 'Begin again with the first page.',
        });
      const rows = await pageOfUploads(records, limit + 1, last);
      const page = rows.slice(0, limit);
      return { uploads: await shown(page), next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    async get(id) {
      const row = await getUpload(records, id);
      const [view] = await shown([row]);
      return view ?? { ...row, operationId: null };
    },
    accept: (id, actor, origin) => parts.acceptance.request(id, { actor, origin }),
    async remove(id, by) {
      const row = await getUpload(records, id);
      if (row.state === 'accepting') throw atIt();
      await refuseUpload(
        records,
        id,
        failureBody(new AppError('CANCELLED', `${by} removed the upload.`), now()).error,
        now(),
      );
      await area.remove(id);
    },
  };
}
