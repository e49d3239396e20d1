import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ERRORS, type KvStore, Upload } from '@tus/server';
import type { Records } from '../../db/system/records.ts';
import { collectEvery, STREAM_COLLECT_BYTES } from '../core/collect.ts';
import { AppError, failureBody } from '../core/errors.ts';
import {
  findUpload,
  insertUpload,
  moveUpload,
  refuseUpload,
  type UploadRow,
  type WaitingLimits,
} from '../jobs/uploads/records.ts';
import { UPLOAD_KEPT_MS, type UploadArea } from '../storage/uploads.ts';

export interface TusStoreParts {
  records: Records;
  area: UploadArea;
  now: () => Date;
  waitingLimits: WaitingLimits;
  /** Returns a signal that aborts once the sender may no longer send; undefined where nothing checks. */
  allowed?: (id: string) => AbortSignal | undefined;
}

/**
 * Stores tus uploads in the upload area and the table of uploads: one record and one file per upload, whichever way it
 * comes.
 */
export class TusStore extends FileStore {
  private readonly parts: TusStoreParts;
  /** One for all requests, because each may bring less than its threshold. */
  private readonly keepMemory = collectEvery(STREAM_COLLECT_BYTES);

  /** Requires the area's folder to exist: the file store would make it readable for everybody. */
  constructor(parts: TusStoreParts) {
    super({
      directory: parts.area.folder,
      configstore: recordStore(parts),
      expirationPeriodInMilliseconds: UPLOAD_KEPT_MS,
    });
    this.parts = parts;
    // `expiration` alone would let anybody's request remove expired uploads; `sweepUploads` does that.
    this.extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination', 'expiration'];
  }

  override async create(file: Upload): Promise<Upload> {
    // Before its record, and readable by its owner alone; what follows keeps the mode.
    await this.parts.area.make(file.id);
    try {
      return await super.create(file);
    } catch (error) {
      await this.parts.area.remove(file.id);
      throw error;
    }
  }

  /** Writes itself, because the file store hides the reason of a failed write. */
  override async write(bytes: Readable, id: string, offset: number): Promise<number> {
    await using file = await this.parts.area.append(id, offset);
    const allowed = this.parts.allowed?.(id);
    const stop = () => bytes.destroy(allowed?.reason);
    allowed?.addEventListener('abort', stop, { once: true });
    if (allowed?.aborted) stop();
    try {
      let end = offset;
      for await (const piece of bytes) {
        await file.write(piece);
        end += piece.length;
        this.keepMemory(piece.length);
      }
      return end;
    } finally {
      allowed?.removeEventListener('abort', stop);
    }
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await findUpload(this.parts.records, id);
    if (!row) throw ERRORS.FILE_NOT_FOUND;
    if (row.state === 'refused') throw ERRORS.FILE_NO_LONGER_EXISTS;
    // Once received, the file may be elsewhere or gone: the sender only needs to hear that nothing is missing.
    return row.state === 'receiving' ? await super.getUpload(id) : uploadOf(row, row.size ?? 0);
  }
}

/** Adapts the table of uploads to the store that tus expects. */
function recordStore({ records, area, now, waitingLimits }: TusStoreParts): KvStore<Upload> {
  return {
    async get(id) {
      const row = await findUpload(records, id);
      return row ? uploadOf(row, 0) : undefined;
    },
    async set(id, file) {
      if (await moveUpload(records, id, ['receiving'], { size: file.size ?? null })) return;
      const begun = {
        id,
        originalName: file.metadata?.['filename'] ?? 'upload',
        actor: file.metadata?.['actor'] ?? 'nobody',
        size: file.size ?? null,
        createdAt: now(),
      };
      await insertUpload(records, begun, waitingLimits);
    },
    async delete(id) {
      await area.remove(id);
      const error = new AppError('CANCELLED', 'The sender took the upload back.');
      await refuseUpload(records, id, failureBody(error, now()).error, now());
    },
  };
}

function uploadOf(row: UploadRow, offset: number): Upload {
  return new Upload({
    id: row.id,
    offset,
    ...(row.size !== null && { size: row.size }),
    metadata: { filename: row.originalName },
    creation_date: row.createdAt.toISOString(),
  });
}
