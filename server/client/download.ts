import { asBackupError, BackupError, connectionLost, errorOfResponse } from './error.ts';

/** Takes the bytes in order; each write is awaited before the next piece is read. */
export type DownloadSink = WritableStream<Uint8Array> | { write(chunk: Uint8Array): unknown };

export interface DownloadProgress {
  /** Bytes of the file that are there, those of an earlier part included. */
  bytes: number;
  /** Null when the server does not say. */
  totalBytes: number | null;
}

export interface DownloadOptions {
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
  /** Where an earlier download of the same file stopped, and the `etag` it told. */
  from?: { offset: number; etag: string };
  /** Pauses before a lost connection is tried again, milliseconds; each byte that arrives makes them all anew. */
  retryDelaysMs?: readonly number[];
}

export interface Downloaded {
  bytes: number;
  /** Names this very content. */
  etag: string | null;
  fileName: string | null;
}

interface DownloadDeps {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  headers: () => Promise<Record<string, string>>;
}

/**
 * Downloads one file into the sink, over as many connections as it takes: a part that is there is never asked for again, and never
 * joined with parts of another file. Does not close the sink. Throws BackupError; what the sink throws is thrown on as it is.
 */
export async function download(
  deps: DownloadDeps,
  url: string,
  sink: DownloadSink,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { onProgress, signal, from, retryDelaysMs = [1000, 3000, 10_000] } = options;
  const state: State = { bytes: from?.offset ?? 0, etag: from?.etag ?? null, total: null, fileName: null };
  const writer = sink instanceof WritableStream ? sink.getWriter() : null;
  const write = async (chunk: Uint8Array) => {
    await (writer ?? sinkOf(sink)).write(chunk);
    state.bytes += chunk.length;
    retries = 0;
    onProgress?.({ bytes: state.bytes, totalBytes: state.total });
  };
  let retries = 0;
  try {
    for (;;) {
      const lost = await receive(deps, url, state, write, signal);
      if (!lost) return { bytes: state.bytes, etag: state.etag, fileName: state.fileName };
      const delay = retryDelaysMs[retries++];
      if (delay === undefined || (state.bytes > 0 && state.etag === null)) throw lost;
      await pause(delay, signal);
    }
  } finally {
    writer?.releaseLock();
  }
}

interface State {
  bytes: number;
  etag: string | null;
  total: number | null;
  fileName: string | null;
}

/** One connection's worth. Resolves with null at the end of the file, with the error when the connection was lost on the way. */
async function receive(
  deps: DownloadDeps,
  url: string,
  state: State,
  write: (chunk: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<BackupError | null> {
  const resumed = state.bytes > 0;
  const headers = {
    ...(await deps.headers()),
    'Accept-Encoding': 'identity',
    ...(resumed && { Range: `bytes=${state.bytes}-`, ...(state.etag !== null && { 'If-Range': state.etag }) }),
  };
  let response: Response;
  try {
    response = await deps.fetch(url, { headers, ...(signal && { signal }) });
  } catch (error) {
    return lostOrCancelled(error, signal);
  }
  if (resumed && response.status === 416 && totalOf(response) === state.bytes) return null;
  if (!response.ok) throw await errorOfResponse(response);
  if (resumed && response.status !== 206) {
    await response.body?.cancel();
    throw new BackupError('INPUT_INVALID', 'The file is another one than when its download began.', {
      hint: 'Begin again from its first byte.',
    });
  }
  state.etag = response.headers.get('etag');
  state.fileName = fileNameOf(response);
  state.total = totalOf(response);
  const reader = response.body?.getReader();
  if (!reader) return null;
  for (;;) {
    let piece: Awaited<ReturnType<typeof reader.read>>;
    try {
      piece = await reader.read();
    } catch (error) {
      return lostOrCancelled(error, signal);
    }
    if (piece.done) break;
    try {
      await write(piece.value);
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  }
  return state.total !== null && state.bytes < state.total ? connectionLost(undefined) : null;
}

function lostOrCancelled(error: unknown, signal: AbortSignal | undefined): BackupError {
  if (signal?.aborted) throw asBackupError(error, signal);
  return connectionLost(error);
}

function sinkOf(sink: DownloadSink): { write(chunk: Uint8Array): unknown } {
  if (sink instanceof WritableStream) throw new TypeError('a stream is written through its writer');
  return sink;
}

/** The whole file's length: a range's answer tells it after the slash. */
function totalOf(response: Response): number | null {
  const range = response.headers.get('content-range')?.match(/\/(\d+)$/)?.[1];
  const text = range ?? (response.status === 200 ? response.headers.get('content-length') : null);
  return text ? Number(text) : null;
}

function fileNameOf(response: Response): string | null {
  const header = response.headers.get('content-disposition') ?? '';
  const extended = header.match(/filename\*=UTF-8''([^;]+)/i)?.[1];
  try {
    if (extended) return decodeURIComponent(extended);
  } catch {
    // The plain form will do.
  }
  return header.match(/filename="([^"]*)"/i)?.[1] ?? null;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  if (signal?.aborted) throw asBackupError(signal.reason, signal);
}
