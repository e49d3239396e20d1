import { AppError, failureBody } from '../errors.ts';
import type { AcceptParts } from './file-parts.ts';
import { acceptUpload } from './upload-accept.ts';
import { findUpload, getUpload, pageOfUploads, refuseUpload, type UploadRow } from './upload-records.ts';

/** What can be asked about uploads, and done with them, once their bytes are there. */
export interface UploadDesk {
  /** Newest first. `before` is the last page's `next`. Throws INPUT_INVALID when that is no upload any more. */
  list(filter: { limit: number; before?: string }): Promise<{ uploads: UploadRow[]; next: string | null }>;
  /** Rejects with NOT_FOUND. */
  get(id: string): Promise<UploadRow>;
  /** Makes a received upload a stored backup, or throws the reason it is refused for; see `acceptUpload`. */
  accept(id: string, by: string, signal: AbortSignal): Promise<UploadRow>;
  /** Removes what was received and ends its record; an accepted one's backup stays. Rejects with NOT_FOUND, and with OPERATION_IN_PROGRESS while it is accepted. */
  remove(id: string, by: string): Promise<void>;
}

export function createUploadDesk(parts: AcceptParts): UploadDesk {
  const { records, area, now } = parts;
  return {
    async list({ limit, before }) {
      const last = before === undefined ? null : await findUpload(records, before);
      if (before !== undefined && !last)
        throw new AppError('INPUT_INVALID', 'The page before ends with an upload that is there no more.');
      const rows = await pageOfUploads(records, limit + 1, last);
      const page = rows.slice(0, limit);
      return { uploads: page, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    get: (id) => getUpload(records, id),
    accept: async (id, _by, signal) => (await acceptUpload(parts, id, signal)).upload,
    async remove(id, by) {
      const row = await getUpload(records, id);
      if (row.state === 'accepting') throw new AppError('OPERATION_IN_PROGRESS', 'This upload is just being accepted.');
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
