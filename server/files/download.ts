import { type FoundBackup, findBackup } from '../api/backups/find-backup.ts';
import { openArchive } from '../archive/reader.ts';
import { documentName } from '../backup/file-name.ts';
import { AppError } from '../core/errors.ts';
import { rememberDamage } from '../library/mark-checked.ts';
import { authorize, holderOf } from '../security/caller.ts';
import { RIGHTS } from '../security/rights.ts';
import { objectBody, objectStream } from '../storage/serve.ts';
import type { AuditNotes } from './audited.ts';
import { type Receiver, requireRight, whileSent } from './audited.ts';
import { readRange } from './byte-range.ts';
import { attachment } from './disposition.ts';
import type { FileParts, FilesContext } from './parts.ts';
import { checkConditions, rangeAllowed, type Validators } from './preconditions.ts';
import { iterableBody } from './stream-body.ts';

/**
 * Handles `GET|HEAD /api/backups/:id/download`, `:id` being a file name or backup id: the stored bytes, whole or a
 * single range, or with `?format=json` BackupData JSON. Needs `backups:download`, or a signed link (`?token=`) to this
 * very backup. Throws UNAUTHENTICATED, FORBIDDEN, NOT_FOUND or INPUT_INVALID.
 */
export async function download(parts: FileParts, c: FilesContext, notes: AuditNotes): Promise<Response> {
  const id = c.req.param('id') ?? '';
  notes.target = id;
  const { link, receiver } = await readReceiver(parts, c, notes);
  const backup = await findBackup(parts.storage, id, parts.nameOf, c.req.raw.signal);
  notes.target = backup.name;
  receiver.target = backup.name;
  if (link !== null && link !== backup.name && link.toLowerCase() !== backup.backupId) {
    throw new AppError('FORBIDDEN', 'This link is for another backup.', { hint: 'Ask for a link to this one.' });
  }
  const format = c.req.query('format') ?? 'zip';
  if (format === 'json') return downloadJson(parts, c, backup, receiver);
  if (format === 'zip') return downloadArchive(parts, c, backup, notes, receiver);
  throw new AppError('INPUT_INVALID', '`format` must be zip or json.', {
    hint: 'Leave it out for the archive itself.',
  });
}

const ACTION = 'GET /api/backups/:id/download';

/**
 * Returns the backup that the signed link is for, or null without a link, and who receives it. Throws unless the caller,
 * or whoever gave the link, has the right.
 */
async function readReceiver(
  parts: FileParts,
  c: FilesContext,
  notes: AuditNotes,
): Promise<{ link: string | null; receiver: Receiver }> {
  const token = c.req.query('token');
  const caller = c.get('caller');
  if (token === undefined) {
    requireRight(c, ACTION, parts.now());
    return { link: null, receiver: { actor: caller.actor, holder: holderOf(caller) } };
  }
  const { subject, actor, holder } = await parts.readLink(token, 'download');
  notes.actor = actor;
  // The password was given for the link.
  authorize(await parts.readHolder(holder, caller.address), { scope: RIGHTS[ACTION].scope }, parts.now());
  c.get('connection').disableTimeout();
  return { link: subject, receiver: { actor, holder } };
}

function downloadArchive(
  parts: FileParts,
  c: FilesContext,
  backup: FoundBackup,
  notes: AuditNotes,
  receiver: Receiver,
): Response {
  const header = (name: string) => c.req.header(name);
  const validators: Validators = { etag: entityTag(backup), lastModified: backup.modifiedAt };
  const headers = new Headers({
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    'Content-Disposition': attachment(backup.name),
    ETag: validators.etag,
    'Last-Modified': validators.lastModified.toUTCString(),
  });
  const verdict = checkConditions(header, validators);
  if (verdict === 'fresh') return new Response(null, { status: 304, headers });
  if (verdict === 'failed') {
    notes.failure = 'INPUT_INVALID';
    return refuse(parts, 412, 'The stored backup is not the one asked for.', headers);
  }

  const range = header('range');
  // RFC 9110 defines ranges for GET alone.
  const wanted =
    c.req.method === 'GET' && rangeAllowed(header, validators)
      ? readRange(range, backup.size)
      : ({ kind: 'whole' } as const);
  if (wanted.kind === 'outside') {
    notes.failure = 'INPUT_INVALID';
    headers.set('Content-Range', `bytes */${backup.size}`);
    return refuse(parts, 416, `The backup has ${backup.size} bytes; none of those asked for is among them.`, headers);
  }
  const span = wanted.kind === 'part' ? { start: wanted.start, end: wanted.end + 1 } : { start: 0, end: backup.size };
  headers.set('Content-Type', 'application/zip');
  if (wanted.kind === 'part') {
    headers.set('Content-Range', `bytes ${wanted.start}-${wanted.end}/${backup.size}`);
    notes.details = { range: `${wanted.start}-${wanted.end}` };
  }
  headers.set('Content-Length', String(span.end - span.start));
  if (c.req.method === 'HEAD') return new Response(null, { headers });
  const signal = whileSent(parts, c, ACTION, receiver);
  // For a file as the body of a 200, Bun reads the Range header again by rules of its own; a stream keeps the decision
  // made here, but is sent without its length.
  const isFile = wanted.kind === 'part' || range === undefined;
  const body = (isFile ? objectBody : objectStream)(parts.storage, backup.name, span, signal);
  return new Response(body, { status: wanted.kind === 'part' ? 206 : 200, headers });
}

/**
 * Returns the archive's digest as its entity tag. One that cannot be opened is identified by name, size and time, under
 * which its bytes never change.
 */
function entityTag(backup: FoundBackup): string {
  if (backup.digest !== null) return `"${backup.digest}"`;
  const facts = `${backup.name} ${backup.size} ${backup.modifiedAt.getTime()}`;
  return `"unreadable-${Bun.SHA256.hash(facts, 'hex')}"`;
}

function refuse(parts: FileParts, status: 412 | 416, message: string, headers: Headers): Response {
  const hint = 'Begin the download anew, without the condition or range.';
  const failure = parts.fail(new AppError('INPUT_INVALID', message, { hint }));
  for (const name of ['Content-Disposition', 'Last-Modified']) headers.delete(name);
  for (const [name, value] of failure.headers) headers.set(name, value);
  return new Response(failure.body, { status, headers });
}

function downloadJson(parts: FileParts, c: FilesContext, backup: FoundBackup, receiver: Receiver): Response {
  const { exportJson } = parts;
  if (!exportJson)
    throw new AppError('INPUT_INVALID', 'This server does not export JSON.', {
      hint: 'Download the archive itself (zip).',
    });
  if (backup.digest === null) {
    throw new AppError('ARCHIVE_DAMAGED', 'The backup cannot be opened, so there is nothing to export.', {
      hint: 'Download it as it is, or verify it to see what is damaged.',
    });
  }
  const headers = {
    'Cache-Control': 'no-store',
    'Content-Disposition': attachment(documentName(backup.name)),
    'Content-Type': 'application/json; charset=utf-8',
  };
  if (c.req.method === 'HEAD') return new Response(null, { headers });
  const gone = new AbortController();
  const allowed = whileSent(parts, c, ACTION, receiver);
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal, allowed]);
  const bytes = exported(parts, backup.name, exportJson, signal);
  return new Response(
    iterableBody(bytes, async () => gone.abort()),
    { headers },
  );
}

/**
 * Opens the archive at the first read: a body that nobody reads must hold nothing open. Damage found is noted beside the
 * archive.
 */
async function* exported(
  { storage, now, onDamage }: FileParts,
  name: string,
  exportJson: NonNullable<FileParts['exportJson']>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    await using source = await storage.open(name);
    yield* exportJson(await openArchive(source, { signal }), signal);
  } catch (error) {
    const known = await rememberDamage(storage, name, error, now());
    if (known instanceof AppError && known.code === 'ARCHIVE_DAMAGED') onDamage?.(name);
    throw known;
  }
}
