import {
  type DetailedError,
  type HttpRequest,
  type HttpResponse,
  type HttpStack,
  type UploadOptions as TusOptions,
  Upload,
} from 'tus-js-client';
import { asBackupError, type BackupError, connectionLost, errorOfAnswer } from './error.ts';
import { failureInText } from './failure-body.ts';
import { answerOf, CHUNK_BYTES, mayTryAgain, type Uploaded, uploadedBy, uploadIdIn } from './tus-rules.ts';

export type { Uploaded } from './tus-rules.ts';

export interface UploadOptions {
  /** The file's name, for people. A `File` has its own. */
  name?: string;
  onProgress?: (progress: { bytes: number; totalBytes: number }) => void;
  signal?: AbortSignal;
  /** Called once the server has given the upload an id: keep it to resume after a crash. */
  onStarted?: (uploadId: string) => void;
  /** The id of an unfinished upload of the same file. */
  resume?: string;
  /** Pauses in milliseconds before a lost connection is retried. */
  retryDelaysMs?: readonly number[];
}

interface UploadDeps {
  /** Address at which uploads are created by the tus protocol. */
  endpoint: string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  headers: () => Promise<Record<string, string>>;
}

/**
 * Sends a file by the tus protocol, resuming after a lost connection at the offset the server has. Resolves when all
 * bytes are there and the server has accepted them as a backup. Throws BackupError; a cancelled upload is removed from
 * the server.
 */
export async function upload(
  deps: UploadDeps,
  file: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions = {},
): Promise<Uploaded> {
  const { onProgress, signal, onStarted, resume, retryDelaysMs = [500, 1000, 3000, 10_000] } = options;
  if (signal?.aborted) throw asBackupError(signal.reason, signal);
  const blob = file instanceof Blob ? file : new Blob([file]);
  const name = options.name ?? (file instanceof File ? file.name : 'backup.zip');
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const tus: TusOptions = {
    endpoint: deps.endpoint,
    ...(resume !== undefined && { uploadUrl: `${deps.endpoint}/${encodeURIComponent(resume)}` }),
    metadata: { filename: name },
    chunkSize: CHUNK_BYTES,
    uploadSize: blob.size,
    retryDelays: [...retryDelaysMs],
    storeFingerprintForResuming: false,
    fingerprint: () => Promise.resolve(''),
    fileReader: { openFile: () => Promise.resolve(sourceOf(blob)) },
    httpStack: fetchStack(deps),
    onUploadUrlAvailable: () => onStarted?.(uploadIdIn(sending.url) ?? ''),
    onProgress: (bytes, totalBytes) => onProgress?.({ bytes, totalBytes }),
    onShouldRetry: mayTryAgain,
    onSuccess: ({ lastResponse }) => resolve(lastResponse),
    onError: (error) => reject(reasonOf(error)),
  };
  const sending = new Upload(new File([], name), tus);
  const onAbort = () => {
    const stopped = () => reject(asBackupError(signal?.reason, signal));
    sending.abort(true).then(stopped, stopped);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    sending.start();
    const answer = await promise;
    return uploadedBy(answer, uploadIdIn(sending.url) ?? '');
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function sourceOf(blob: Blob) {
  return {
    size: blob.size,
    slice: async (start: number, end: number) => ({ value: blob.slice(start, end), done: end >= blob.size }),
    close: () => undefined,
  };
}

function reasonOf(error: Error | DetailedError): BackupError {
  const answer = answerOf(error);
  return answer ? errorOfAnswer(answer.getStatus(), failureInText(answer.getBody())) : connectionLost(error);
}

/** Implements the library's requests over `fetch`, so that one client runs in browsers, Bun and Node alike. */
function fetchStack(deps: UploadDeps): HttpStack {
  return {
    getName: () => 'fetch',
    createRequest(method, url) {
      const headers: Record<string, string> = {};
      const abort = new AbortController();
      let progress: (bytes: number) => void = () => undefined;
      const request: HttpRequest = {
        getMethod: () => method,
        getURL: () => url,
        setHeader: (name, value) => {
          headers[name] = value;
        },
        getHeader: (name) => headers[name],
        setProgressHandler: (handler) => {
          progress = handler;
        },
        async send(body?: Blob | null) {
          const all = { ...(await deps.headers()), ...headers };
          const response = await deps.fetch(url, { method, headers: all, body: body ?? null, signal: abort.signal });
          const text = await response.text();
          if (body) progress(body.size);
          return {
            getStatus: () => response.status,
            getHeader: (name) => response.headers.get(name) ?? undefined,
            getBody: () => text,
            getUnderlyingObject: () => response,
          };
        },
        abort: async () => abort.abort(),
        getUnderlyingObject: () => undefined,
      };
      return request;
    },
  };
}
