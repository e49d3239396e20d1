import { collectEvery, STREAM_COLLECT_BYTES } from '../core/collect.ts';
import { AppError, cancelled, failureBody } from '../core/errors.ts';
import { type AcceptedUpload, receivedUpload } from '../jobs/uploads/accept.ts';
import { getUpload, insertUpload, refuseUpload, type UploadRow } from '../jobs/uploads/records.ts';
import type { PendingObject } from '../storage/storage.ts';
import { type AuditNotes, requireRight, whileAllowed } from './audited.ts';
import type { FileParts, FilesContext } from './parts.ts';
import { finishUpload } from './upload-finish.ts';

/** Longest name, as in file systems; it is only shown. */
const MAX_NAME = 255;

/**
 * Handles `PUT /api/uploads`: the body is the file, `X-File-Name` (percent-encoded) or `?name=` its name. Bytes are
 * written to disk, counted and hashed as they arrive; then a worker accepts the file while the request waits, or later
 * with `?accept=later`. A client that disconnects while sending leaves no file; one that disconnects while waiting ends
 * nothing.
 *
 * Throws TOO_LARGE (at once when the length is declared), DISK_FULL, INPUT_INVALID, or the reason for which the file is
 * refused.
 */
export async function upload(parts: FileParts, c: FilesContext, notes: AuditNotes): Promise<Response> {
  requireRight(c, 'PUT /api/uploads', parts.now());
  const { signal } = c.req.raw;
  const name = uploadName(c.req.header('x-file-name'), c.req.query('name'));
  if (c.req.header('content-range') !== undefined) {
    throw new AppError('INPUT_INVALID', 'A part of a file cannot be put here.', {
      hint: 'Send the whole file, or send it in pieces by the tus protocol at /api/uploads/tus.',
    });
  }
  await parts.storage.demandPresent();
  const declared = declaredLength(c.req.header('content-length'));
  if (declared !== null) await refuseOversize(parts, declared);
  const id = parts.newId();
  notes.target = id;
  notes.details = { name };
  const counted = await receive(parts, c, { id, name, declared });
  await receivedUpload(parts, id, counted, signal);
  if (c.req.query('accept') === 'later') return answer(parts, { upload: await getUpload(parts.records, id) }, 202);
  const accepted = await finishUpload(parts, c, id);
  notes.details = { name, archive: accepted.upload.archive };
  return answer(parts, accepted, accepted.existing ? 200 : 201);
}

/**
 * Returns the sender's name for the file, which is never used as a path. Throws INPUT_INVALID for names that cannot be
 * shown.
 */
export function uploadName(header: string | undefined, query: string | undefined): string {
  const name = header === undefined ? (query ?? 'upload') : decoded(header);
  if (name === '' || name.length > MAX_NAME || /\p{Cc}|\p{Cs}/u.test(name)) {
    throw new AppError(
      'INPUT_INVALID',
      `The file's name must have 1 to ${MAX_NAME} characters and no control characters.`,
      {
        hint: 'Percent-encode it as UTF-8 in X-File-Name.',
      },
    );
  }
  return name;
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    throw new AppError('INPUT_INVALID', 'X-File-Name is not percent-encoded UTF-8.', {
      hint: 'Encode the name as encodeURIComponent() does.',
    });
  }
}

function declaredLength(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,16}$/.test(header)) return Number(header);
  throw new AppError('INPUT_INVALID', 'Content-Length is not a number of bytes.', {
    hint: 'Give the number of bytes of the file, or leave the header out.',
  });
}

/** Throws TOO_LARGE or DISK_FULL for an upload of `declared` bytes. */
export async function refuseOversize(
  parts: Pick<FileParts, 'area' | 'maxUploadBytes'>,
  declared: number,
): Promise<void> {
  if (declared > parts.maxUploadBytes) throw tooLarge(parts.maxUploadBytes, declared);
  const free = await parts.area.freeSpace();
  if (free === null || free >= declared) return;
  throw new AppError('DISK_FULL', `The upload has ${declared} bytes; ${free} are free for it.`, {
    hint: 'Make room on the server (remove old backups), then send it again.',
    details: { free, needed: declared },
  });
}

function tooLarge(most: number, declared?: number): AppError {
  const size = declared === undefined ? 'more' : `${declared} bytes`;
  return new AppError('TOO_LARGE', `An upload may have ${most} bytes; this one has ${size}.`, {
    hint: 'Raise MAX_UPLOAD_BYTES on the server, or restore from the file there: `bun run scripts/restore.ts FILE`.',
    details: { most, ...(declared !== undefined && { declared }) },
  });
}

interface Incoming {
  id: string;
  name: string;
  declared: number | null;
}

async function receive(
  parts: FileParts,
  c: FilesContext,
  { id, name, declared }: Incoming,
): Promise<{ size: number; sha256: string }> {
  const { signal } = c.req.raw;
  await using file = await parts.area.receive(id);
  const { actor } = c.get('caller');
  const begun = { id, originalName: name, size: declared, actor, createdAt: parts.now() };
  await insertUpload(parts.records, begun, parts.waitingLimits);
  try {
    using right = whileAllowed(parts, c, 'PUT /api/uploads');
    const counted = await writeBody(c.req.raw.body, file, parts.maxUploadBytes, right.signal);
    if (declared !== null && counted.size !== declared) {
      throw new AppError('INPUT_INVALID', `The upload was declared as ${declared} bytes and has ${counted.size}.`, {
        hint: 'Send the whole file again, with its own length.',
      });
    }
    if (signal.aborted) throw cancelled('The upload');
    await file.commit();
    return counted;
  } catch (caught) {
    await file.abort();
    // The body throws an error of its own when its sender is gone.
    const gone = signal.aborted || (caught instanceof Error && caught.name === 'AbortError');
    const error = caught instanceof AppError || !gone ? caught : cancelled('The upload');
    await refuseUpload(parts.records, id, failureBody(error, parts.now()).error, parts.now());
    throw error;
  }
}

async function writeBody(
  body: ReadableStream<Uint8Array> | null,
  file: Pick<PendingObject, 'write'>,
  most: number,
  allowed: AbortSignal,
): Promise<{ size: number; sha256: string }> {
  const hash = new Bun.CryptoHasher('sha256');
  const keepMemory = collectEvery(STREAM_COLLECT_BYTES);
  let size = 0;
  for await (const bytes of untilAborted(body, allowed)) {
    size += bytes.length;
    if (size > most) throw tooLarge(most);
    hash.update(bytes);
    await file.write(bytes);
    keepMemory(bytes.length);
  }
  return { size, sha256: hash.digest('hex') };
}

/** Yields the pieces of a body; throws the signal's reason when it aborts, even while none arrives. */
async function* untilAborted(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  const stop = () => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw signal.reason;
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function answer(
  parts: FileParts,
  { upload, existing = false, warnings = [] }: { upload: UploadRow } & Partial<AcceptedUpload>,
  status: 200 | 201 | 202,
): Response {
  const { id, originalName, state, type, size, sha256, archive } = upload;
  const downloadUrl = archive === null ? null : `/api/backups/${archive}/download`;
  const data = {
    uploadId: id,
    originalName,
    state,
    type,
    size,
    sha256,
    fileName: archive,
    downloadUrl,
    existing,
    warnings,
  };
  return Response.json({ success: true, data, timestamp: parts.now().toISOString() }, { status });
}
