import { asBackupError, BackupError, connectionLost, errorOfResponse } from './error.ts';

/** Takes the bytes in order; each write is awaited before the next piece is read. */
export type DownloadSink = WritableStream<Uint8Array> | { write(chunk: Uint8Array): unknown };

export interface DownloadProgress {
  /** Bytes of the file received, those of an earlier part included. */
  bytes: number;
  /** Null when the server does not say. */
  totalBytes: number | null;
}

export interface DownloadOptions {
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
  /** The offset at which an earlier download of the same file stopped, and its `etag`. */
  from?: { offset: number; etag: string };
  /**
   * Pauses in milliseconds before a lost connection is retried; each byte received starts them from the first again.
   */
  retryDelaysMs?: readonly number[];
}

export interface Downloaded {
  bytes: number;
  /** Identifies this exact content. */
  etag: string | null;
  fileName: string | null;
}

interface DownloadDeps {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  headers: () => Promise<Record<string, string>>;
}

/**
 * Downloads one file into the sink, over as many connections as it takes: no byte is requested twice, and parts of
 * different files are never joined. Does not close the sink. Throws BackupError, and errors of the sink unchanged.
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

/**
 * Receives over one connection. Resolves with null at the end of the file, or with the error when the connection was
 * lost.
 */
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

/** Returns the whole file's length, which a range's response gives after the slash. */
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
    // Fall back to the plain form.
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
