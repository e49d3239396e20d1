import { Server, type Upload } from '@tus/server';
import { AppError } from '../core/errors.ts';
import { atIt, receivedUpload } from '../jobs/uploads/accept.ts';
import { findUpload } from '../jobs/uploads/records.ts';
import { type AuditNotes, audited, requireRight, whileAllowed } from './audited.ts';
import type { FileParts, FilesContext } from './parts.ts';
import { TusStore } from './tus-store.ts';
import { refuseOversize, uploadName } from './upload.ts';
import { finishUpload } from './upload-finish.ts';

export const TUS_PATH = '/api/uploads/tus';

/** Facts about a request for the hooks of tus, which get only the request. */
interface TusExchange {
  context: FilesContext;
  /** Aborts once the sender may no longer send. */
  allowed: AbortSignal;
  /** The error as thrown, before tus turns it into text. */
  failure?: unknown;
}

/**
 * Handles uploads in pieces by the tus protocol 1.0 (creation, with and without data, deferred length, termination,
 * expiration). They share area, limit, right and record with `PUT /api/uploads`, belong to their creator alone, and are
 * accepted with the last byte. After a failure that was not the file's, HEAD accepts the upload again.
 */
export function createTus(parts: FileParts): (c: FilesContext) => Promise<Response> {
  const exchanges = new WeakMap<object, TusExchange>();
  /** Signals by the upload's id, the only thing the store gets. */
  const allowed = new Map<string, AbortSignal>();
  let server: Promise<Server> | null = null;
  // Only when needed: the folder may not exist yet, or not be writable today.
  const ready = () =>
    (server ??= makeServer(parts, exchanges, allowed).catch((error: unknown) => {
      server = null;
      throw error;
    }));

  const converse = async (c: FilesContext, notes: AuditNotes): Promise<Response> => {
    requireRight(c, TUS_PATH, parts.now());
    // tus would return the file.
    if (c.req.method === 'GET')
      throw new AppError('NOT_FOUND', 'Uploads cannot be read back.', {
        hint: 'Accept the upload, and download the backup it becomes.',
      });
    const id = c.req.param('upload');
    const locked = id === undefined ? null : await prepareKnown(parts, c, id, notes);
    if (locked) return locked;
    using right = whileAllowed(parts, c, TUS_PATH);
    const exchange: TusExchange = { context: c, allowed: right.signal };
    exchanges.set(c.req.raw, exchange);
    if (id !== undefined && c.req.raw.body !== null) allowed.set(id, right.signal);
    try {
      const response = await (await ready()).handleWeb(c.req.raw);
      return await translated(parts, response, exchange, notes);
    } finally {
      for (const [upload, signal] of allowed) if (signal === right.signal) allowed.delete(upload);
    }
  };

  // Pieces are many, so only an upload's beginning, its end and every denial are audited.
  return async (c) => {
    const { method } = c.req;
    const which = method === 'POST' || method === 'DELETE' ? 'all' : 'denied';
    return await audited(parts, c, `${method} ${TUS_PATH}`, which, async (notes) => {
      const id = c.req.param('upload');
      if (id !== undefined) notes.target = id;
      return await converse(c, notes);
    });
  };
}

async function makeServer(
  parts: FileParts,
  exchanges: WeakMap<object, TusExchange>,
  allowed: Map<string, AbortSignal>,
): Promise<Server> {
  await parts.area.prepare();
  return new Server({
    path: TUS_PATH,
    datastore: new TusStore({ ...parts, allowed: (id) => allowed.get(id) }),
    maxSize: parts.maxUploadBytes,
    // Behind a proxy the server does not know its own name.
    relativeLocation: true,
    allowedOrigins: () => false,
    namingFunction: () => parts.newId(),
    async onUploadCreate(request, upload) {
      await parts.storage.demandPresent();
      if (upload.size !== undefined) await refuseOversize(parts, upload.size);
      const exchange = exchanges.get(request);
      const actor = exchange?.context.get('caller').actor ?? 'nobody';
      if (exchange) allowed.set(upload.id, exchange.allowed);
      return { metadata: { filename: nameOf(upload), actor } };
    },
    async onUploadFinish(request, upload) {
      const exchange = exchanges.get(request);
      if (!exchange) return {};
      return { headers: await finish(parts, exchange.context, upload.id) };
    },
    onResponseError(request, error) {
      const exchange = exchanges.get(request);
      if (exchange) exchange.failure = error;
      return undefined;
    },
  });
}

function nameOf(upload: Upload): string {
  return uploadName(undefined, upload.metadata?.['filename'] ?? upload.metadata?.['name'] ?? undefined);
}

/** Accepts an upload whose bytes are all there. Returns headers that name the backup; throws when it is refused. */
async function finish(parts: FileParts, c: FilesContext, id: string): Promise<Record<string, string>> {
  return await audited(parts, c, `finish ${TUS_PATH}`, 'all', async (notes) => {
    notes.target = id;
    const row = await findUpload(parts.records, id);
    if (row?.state === 'receiving') await receivedUpload(parts, id, null, c.req.raw.signal);
    const { upload, existing } = await finishUpload(parts, c, id);
    notes.details = { archive: upload.archive };
    return { 'X-Backup-Name': upload.archive ?? '', 'X-Backup-Existing': String(existing) };
  });
}

/**
 * Admits only the creator, and handles uploads in states that tus does not know. Returns a response when nothing is
 * left to do.
 */
async function prepareKnown(
  parts: FileParts,
  c: FilesContext,
  id: string,
  notes: AuditNotes,
): Promise<Response | null> {
  const row = await findUpload(parts.records, id);
  if (!row || row.actor !== c.get('caller').actor) {
    throw new AppError('NOT_FOUND', 'There is no such upload of yours.', { hint: 'Start a new one.' });
  }
  if (row.state === 'accepting') {
    notes.failure = 'OPERATION_IN_PROGRESS';
    return withStatus(parts.fail(atIt()), 423);
  }
  if (c.req.method === 'HEAD' && row.state === 'received') await finish(parts, c, id);
  if (c.req.method === 'PATCH' && row.state !== 'receiving' && row.state !== 'refused') {
    // The client then asks for the offset, and learns that nothing is missing.
    return withStatus(
      parts.fail(new AppError('INPUT_INVALID', 'Nothing is missing from this upload.', { hint: 'Accept it.' })),
      409,
    );
  }
  if (c.req.method === 'DELETE' && row.state === 'accepted') {
    throw new AppError('INPUT_INVALID', 'This upload is a backup now.', { hint: 'Remove the backup instead.' });
  }
  return null;
}

/** Converts failures of tus to our shape. Statuses stay those of tus, because clients go by them. */
async function translated(
  parts: FileParts,
  response: Response,
  { failure }: TusExchange,
  notes: AuditNotes,
): Promise<Response> {
  for (const name of [...response.headers.keys()]) {
    if (name.startsWith('access-control-')) response.headers.delete(name);
  }
  if (response.status < 400) return response;
  if (failure instanceof AppError) {
    notes.failure = failure.code;
    const failed = parts.fail(failure);
    // 409 tells a tus client to try again, and it would take the refused upload for a finished one.
    return withStatus(failed, failed.status === 409 ? 422 : failed.status);
  }
  if (failure !== undefined && !isTusFailure(failure)) throw failure;
  const words = (await response.text()).trim();
  const code = codeOf(response.status);
  notes.failure = code;
  const message =
    code === 'STORAGE_UNAVAILABLE' ? 'The bytes could not be written.' : words || 'The request is not valid.';
  const status = code === 'STORAGE_UNAVAILABLE' ? 503 : response.status;
  return withStatus(parts.fail(new AppError(code, message, { cause: failure, hint: TUS_HINTS[code] })), status);
}

/** Returns whether tus itself threw the failure: then it has a status. Everything else it only passes on. */
function isTusFailure(failure: unknown): boolean {
  return typeof failure === 'object' && failure !== null && 'status_code' in failure;
}

type TusCode = 'TOO_LARGE' | 'NOT_FOUND' | 'STORAGE_UNAVAILABLE' | 'INPUT_INVALID';

const TUS_HINTS: Record<TusCode, string> = {
  TOO_LARGE: 'OPTIONS of this address tells the most that is taken (Tus-Max-Size).',
  NOT_FOUND: 'Begin the upload anew.',
  STORAGE_UNAVAILABLE: 'Send the rest again in a while; the log of the server says what was wrong.',
  INPUT_INVALID: 'Send what the protocol tus 1.0 asks for: HEAD tells where an upload stands.',
};

function codeOf(status: number): TusCode {
  if (status === 413) return 'TOO_LARGE';
  if (status === 404 || status === 410) return 'NOT_FOUND';
  return status >= 500 && status !== 501 ? 'STORAGE_UNAVAILABLE' : 'INPUT_INVALID';
}

function withStatus(response: Response, status: number): Response {
  const headers = new Headers(response.headers);
  headers.set('Tus-Resumable', '1.0.0');
  if (status === 412) headers.set('Tus-Version', '1.0.0');
  return new Response(response.body, { status, headers });
}
