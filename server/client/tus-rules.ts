import { DetailedError, type HttpResponse } from 'tus-js-client';
import { failureInText } from './failure-body.ts';

/** What is sent with one request, and held in memory for it. */
export const CHUNK_BYTES = 8 * 1024 * 1024;

/** What has become of a sent file. */
export interface Uploaded {
  uploadId: string;
  /** The backup it has become; null when the server did not say, then `uploads.get` does. */
  fileName: string | null;
  /** The very same archive was stored already. */
  existing: boolean;
}

/** Returns whether sending may help after this failure: a server that is gone, busy or in trouble, but not one that has refused the file. */
export function mayTryAgain(error: Error | DetailedError): boolean {
  const answer = answerOf(error);
  const status = answer?.getStatus() ?? 0;
  if (status === 0 || status >= 500 || status === 423 || status === 429) return true;
  if (status !== 409) return false;
  // Where the two sides disagree on how much is there, the library asks again.
  const code = failureInText(answer?.getBody() ?? '')?.code ?? 'CONNECTION_LOST';
  return code === 'CONNECTION_LOST' || code === 'INPUT_INVALID';
}

/** Returns the answer a failure came with, or null when there was none. */
export function answerOf(error: Error | DetailedError): HttpResponse | null {
  return error instanceof DetailedError ? error.originalResponse : null;
}

/** Returns what the last answer of an upload says of it. */
export function uploadedBy(answer: HttpResponse, uploadId: string): Uploaded {
  const fileName = answer.getHeader('X-Backup-Name') || null;
  return { uploadId, fileName, existing: answer.getHeader('X-Backup-Existing') === 'true' };
}

/** Returns the id in an upload's address; null before the server has given it one. */
export function uploadIdIn(url: string | null): string | null {
  if (url === null) return null;
  return decodeURIComponent(new URL(url, 'http://localhost').pathname.split('/').at(-1) ?? '') || null;
}
