import { readRequest } from '../queue/requests.ts';
import type { Verb } from '../worker-verbs.ts';
import { type AcceptParts, acceptUpload } from './accept.ts';

/** Result of an acceptance, as its record holds it. */
export interface AcceptResult {
  uploadId: string;
  fileName: string | null;
  existing: boolean;
  size: number;
  warnings: string[];
}

/** Creates the worker's verb that makes an upload a stored backup. */
export function createAcceptVerb(parts: AcceptParts): Verb {
  return async (operation, { kind, parameters }): Promise<AcceptResult> => {
    const request = readRequest({ ...parameters, kind });
    if (request.kind !== 'upload') throw new TypeError(`${request.kind} is no acceptance`);
    const { upload, existing, warnings } = await acceptUpload(parts, request.upload, operation);
    return { uploadId: upload.id, fileName: upload.archive, existing, size: upload.size ?? 0, warnings };
  };
}
