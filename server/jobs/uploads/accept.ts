import type { Records } from '../../../db/system/records.ts';
import { AppError, cancelled, ERROR_FAMILIES, type ErrorCode, failureBody, unexpected } from '../../core/errors.ts';
import { sha256OfSource } from '../../core/pieces.ts';
import { acceptArchive } from '../../library/accept/accept-archive.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ClaimedUpload, UploadArea } from '../../storage/uploads.ts';
import type { Operation } from '../operations.ts';
import { getUpload, moveUpload, refuseUpload, type UploadRow } from './records.ts';
import { readUploadType } from './type.ts';

/** Dependencies of accepting an upload. */
export interface AcceptParts {
  records: Records;
  storage: Storage;
  area: UploadArea;
  now: () => Date;
  /**
   * Makes a stored archive of a BackupData document: JSON, gzip of it, or an older backup's ZIP. When absent, such
   * uploads are refused.
   */
  acceptDocument?: (
    path: string,
    /** The sender, and the sender's name for the file. */
    from: { actor: string; label: string },
    operation: AcceptOperation,
  ) => Promise<{ fileName: string; warnings: string[] }>;
}

/** The accepting operation: its signal, its progress, its record. */
export type AcceptOperation = Pick<Operation, 'id' | 'signal' | 'report' | 'nameArchive'>;

export interface AcceptedUpload {
  upload: UploadRow;
  /** True when the same archive was stored before, so the upload brought nothing new. */
  existing: boolean;
  warnings: string[];
}

/** Codes of rules that only say "not now": the file is kept and can be accepted later. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'OPERATION_IN_PROGRESS', 'TABLE_BUSY', 'STAGING_LOST']);

/**
 * Marks an upload as received, with size and SHA-256, once all its bytes are on disk. Reads the file for them unless
 * `counted` gives them. Does nothing for an upload already received.
 */
export async function receivedUpload(
  parts: Pick<AcceptParts, 'records' | 'area'>,
  id: string,
  counted: { size: number; sha256: string } | null,
  signal: AbortSignal,
): Promise<void> {
  await parts.area.settle(id);
  await using source = await parts.area.open(id);
  const { size, sha256 } = counted ?? {
    size: source.size,
    sha256: await sha256OfSource(source, { what: 'Reading the upload', signal }),
  };
  await moveUpload(parts.records, id, ['receiving'], { state: 'received', size, sha256 });
}

/**
 * Makes a received upload a stored backup, by its content; an accepted upload gives the same answer again. One that
 * cannot become a backup is refused for good: its record says why, its file is removed, and the reason is thrown
 * (INPUT_INVALID, ARCHIVE_…). After other failures (DISK_FULL, a lost database, CANCELLED) it stays received and can be
 * accepted later.
 *
 * Throws OPERATION_IN_PROGRESS while somebody else accepts it, NOT_FOUND, and INPUT_INVALID while bytes are missing.
 */
export async function acceptUpload(
  parts: AcceptParts,
  id: string,
  operation: AcceptOperation,
): Promise<AcceptedUpload> {
  const { signal } = operation;
  const row = await getUpload(parts.records, id);
  if (row.state === 'accepted') return { upload: row, existing: false, warnings: [] };
  if (row.state === 'refused') throw refusalOf(row);
  if (row.state === 'receiving') throw notReceived();
  if (row.state === 'accepting') throw atIt();
  await using claimed = await parts.area.claim(id).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? atIt() : error;
  });
  if (!(await moveUpload(parts.records, id, ['received'], { state: 'accepting' }))) throw atIt();
  try {
    return await acceptClaimed(parts, id, claimed, operation);
  } catch (caught) {
    const error = signal.aborted && !(caught instanceof AppError) ? cancelled('Accepting the upload') : caught;
    if (isRefusal(error)) {
      await refuseUpload(parts.records, id, failureBody(error, parts.now()).error, parts.now());
      await claimed.remove();
    } else {
      // The file first: a record that says `received` promises that the file is there.
      await claimed[Symbol.asyncDispose]();
      await moveUpload(parts.records, id, ['accepting'], { state: 'received' });
    }
    throw error;
  }
}

async function acceptClaimed(
  parts: AcceptParts,
  id: string,
  claimed: ClaimedUpload,
  operation: AcceptOperation,
): Promise<AcceptedUpload> {
  const type = await readUploadType(claimed.source);
  await moveUpload(parts.records, id, ['accepting'], { type });
  const { fileName, existing, warnings } =
    type === 'archive'
      ? await acceptArchive(parts, claimed.source, { signal: operation.signal, onProgress: operation.report })
      : {
          ...(await acceptDocument(parts, await getUpload(parts.records, id), claimed.path, operation)),
          existing: false,
        };
  await operation.nameArchive(fileName);
  await moveUpload(parts.records, id, ['accepting'], {
    state: 'accepted',
    archive: fileName,
    finishedAt: parts.now(),
  });
  await claimed.remove();
  return { upload: await getUpload(parts.records, id), existing, warnings };
}

async function acceptDocument(
  parts: AcceptParts,
  { actor, originalName }: UploadRow,
  path: string,
  operation: AcceptOperation,
): Promise<{ fileName: string; warnings: string[] }> {
  if (parts.acceptDocument) return await parts.acceptDocument(path, { actor, label: originalName }, operation);
  throw new AppError('INPUT_INVALID', 'This server takes archives only, no BackupData documents.', {
    hint: 'Send an archive (.zip) made by this program.',
  });
}

function isRefusal(error: unknown): error is AppError {
  if (!(error instanceof AppError) || NOT_NOW.has(error.code)) return false;
  const family = ERROR_FAMILIES[error.code];
  return family === 'validation' || family === 'business';
}

/** Returns the error for which an upload was refused. */
export function refusalOf(row: UploadRow): AppError {
  const { code, message, hint } = row.error ?? {};
  if (typeof code !== 'string' || !(code in ERROR_FAMILIES) || typeof message !== 'string')
    return unexpected(row.error);
  return new AppError(code as ErrorCode, message, typeof hint === 'string' ? { hint } : {});
}

/** Returns the error for accepting an upload whose bytes are not all there. */
export function notReceived(): AppError {
  return new AppError('INPUT_INVALID', 'This upload has not been received to its end.', {
    hint: 'Send the rest of it first.',
  });
}

/** Returns the error for an upload that is being accepted. */
export function atIt(): AppError {
  return new AppError('OPERATION_IN_PROGRESS', 'This upload is just being accepted.', {
    hint: 'Look at it again in a moment.',
  });
}
