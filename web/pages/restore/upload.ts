import { createSignal } from 'solid-js';
import { type DetailedError, Upload } from 'tus-js-client';
import { failureInText } from '../../../server/client/failure-body.ts';
import {
  answerOf,
  CHUNK_BYTES,
  mayTryAgain,
  type Uploaded,
  uploadedBy,
  uploadIdIn,
} from '../../../server/client/tus-rules.ts';
import { type Failure, failureFrom, panelFailure } from '../../lib/server/failure.ts';
import { restoreWords } from '../../strings/restore.ts';
import { words } from '../../strings/shared.ts';

const { upload: w } = restoreWords;

export type UploadState = 'idle' | 'packing' | 'sending' | 'retrying' | 'paused' | 'checking' | 'done' | 'failed';

const RETRY_DELAYS_MS = [500, 1000, 3000, 5000, 10_000, 10_000, 10_000, 10_000];
const ENDPOINT = '/api/uploads/tus';
const RATE_WINDOW_MS = 5000;

/**
 * Creates the upload of one file in pieces, by the tus protocol. It resumes after a lost connection, after a pause, and when the same file
 * is chosen again after the page was closed.
 */
export function createUpload(onSent: (sent: Uploaded) => void) {
  const [state, setState] = createSignal<UploadState>('idle');
  const [sent, setSent] = createSignal({ bytes: 0, total: 0, rate: 0 });
  const [failure, setFailure] = createSignal<Failure | null>(null);
  let upload: Upload | null = null;
  let samples: { at: number; bytes: number }[] = [];

  const progress = (bytes: number, total: number) => {
    const at = performance.now();
    samples = [...samples.filter((mark) => mark.at > at - RATE_WINDOW_MS), { at, bytes }];
    const [first] = samples;
    const ms = first ? at - first.at : 0;
    setSent({ bytes, total, rate: first && ms > 500 ? ((bytes - first.bytes) * 1000) / ms : 0 });
    setState(bytes === total ? 'checking' : 'sending');
  };

  const fail = (reason: Failure) => {
    setFailure(reason);
    setState('failed');
  };

  const start = async (file: File, packed: boolean, maxBytes: number | null) => {
    setFailure(null);
    samples = [];
    let body: Blob = file;
    if (!packed) {
      setState('packing');
      const small = await gzipped(file).catch(() => null);
      // Given up or left in the meantime.
      if (state() !== 'packing') return;
      if (small === null) return fail(panelFailure('INPUT_INVALID', w.unreadable, w.kindHint));
      body = small;
    }
    if (maxBytes !== null && body.size > maxBytes) return fail(tooLarge(body.size, maxBytes));
    setSent({ bytes: 0, total: body.size, rate: 0 });
    setState('sending');
    upload = new Upload(body, {
      endpoint: ENDPOINT,
      metadata: { filename: packed ? file.name : `${file.name}.gz` },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      fingerprint: async () => ['palace', file.name, file.size, file.lastModified, body.size].join(' '),
      onProgress: progress,
      onShouldRetry(error) {
        const mayRetry = mayTryAgain(error);
        if (mayRetry) setState('retrying');
        return mayRetry;
      },
      onError: (error) => fail(reasonOf(error)),
      onSuccess({ lastResponse }) {
        setState('done');
        onSent(uploadedBy(lastResponse, uploadIdIn(upload?.url ?? null) ?? ''));
      },
    });
    const [unfinished] = await upload.findPreviousUploads();
    if (unfinished) upload.resumeFromPreviousUpload(unfinished);
    upload.start();
  };

  return {
    state,
    sent,
    failure,
    /** The server's id of the upload; null before it has answered. */
    uploadId: () => uploadIdIn(upload?.url ?? null),
    /** Starts the upload. A document is compressed first unless `packed`. `maxBytes` is the server's limit in bytes. */
    start,
    pause() {
      void upload?.abort();
      setState('paused');
    },
    resume() {
      samples = [];
      setState('sending');
      upload?.start();
    },
    /** Clears the failure of an earlier file. */
    forget() {
      if (state() === 'failed' || state() === 'done') setState('idle');
      setFailure(null);
    },
    /** Stops, and removes the sent bytes from the server. */
    giveUp() {
      void upload?.abort(true).catch(() => undefined);
      upload = null;
      setState('idle');
    },
  };
}

/** Returns the server's limit for an upload in bytes, from its tus headers; null when it states none. */
export async function maxUploadBytes(signal: AbortSignal): Promise<number | null> {
  const answer = await fetch(ENDPOINT, { method: 'OPTIONS', signal });
  const maxBytes = Number(answer.headers.get('Tus-Max-Size') ?? Number.NaN);
  return answer.ok && Number.isFinite(maxBytes) && maxBytes > 0 ? maxBytes : null;
}

export function tooLarge(size: number, maxBytes: number): Failure {
  return panelFailure('TOO_LARGE', w.tooLarge(size, maxBytes), w.tooLargeHint);
}

function gzipped(file: File): Promise<Blob> {
  return new Response(file.stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

function reasonOf(error: Error | DetailedError): Failure {
  const answer = answerOf(error);
  if (!answer) return panelFailure('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint);
  const reference = answer.getHeader('X-Request-Id') ?? null;
  const told = failureInText(answer.getBody());
  if (told?.code === 'UNAUTHENTICATED')
    return panelFailure(told.code, words.signIn.sessionEnded, w.leaveLead, reference);
  return told
    ? failureFrom(told, reference)
    : panelFailure('CONNECTION_LOST', words.failure.notOurs(answer.getStatus()), words.failure.notOursHint, reference);
}
