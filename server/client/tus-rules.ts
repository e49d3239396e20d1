import { DetailedError, type HttpResponse } from 'tus-js-client';
import { failureInText } from './failure-body.ts';

/** Bytes sent with one request, and held in memory for it. */
export const CHUNK_BYTES = 8 * 1024 * 1024;

/** Result of a finished upload. */
export interface Uploaded {
  uploadId: string;
  /** The backup it became; null when the server did not say, and then `uploads.get` does. */
  fileName: string | null;
  /** True when the very same archive was stored already. */
  existing: boolean;
}

/**
 * Returns whether a retry may help after this failure: the server is gone, busy or in trouble, and has not refused the
 * file.
 */
export function mayTryAgain(error: Error | DetailedError): boolean {
  const answer = answerOf(error);
  const status = answer?.getStatus() ?? 0;
  if (status === 0 || status >= 500 || status === 423 || status === 429) return true;
  if (status !== 409) return false;
  // When the two sides disagree on the offset, the library asks for it again.
  const code = failureInText(answer?.getBody() ?? '')?.code ?? 'CONNECTION_LOST';
  return code === 'CONNECTION_LOST' || code === 'INPUT_INVALID';
}

/** Returns the response that came with a failure, or null when there was none. */
export function answerOf(error: Error | DetailedError): HttpResponse | null {
  return error instanceof DetailedError ? error.originalResponse : null;
}

/** Returns the result of an upload from its last response. */
export function uploadedBy(answer: HttpResponse, uploadId: string): Uploaded {
  const fileName = answer.getHeader('X-Backup-Name') || null;
  return { uploadId, fileName, existing: answer.getHeader('X-Backup-Existing') === 'true' };
}

/** Returns the id in an upload's address; null while the server has not given it one. */
export function uploadIdIn(url: string | null): string | null {
  if (url === null) return null;
  return decodeURIComponent(new URL(url, 'http://localhost').pathname.split('/').at(-1) ?? '') || null;
}
