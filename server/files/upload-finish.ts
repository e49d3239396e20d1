import { requestOrigin } from '../api/request-origin.ts';
import type { AcceptedUpload } from '../jobs/uploads/accept.ts';
import type { FileParts, FilesContext } from './parts.ts';

/**
 * Has a worker accept a received upload, and waits for it. Throws the reason when it is refused, or cannot be accepted
 * now.
 */
export async function finishUpload(
  parts: Pick<FileParts, 'acceptance' | 'onStored'>,
  c: FilesContext,
  id: string,
): Promise<AcceptedUpload> {
  const caller = c.get('caller');
  const by = { actor: caller.actor, origin: requestOrigin({ caller }) };
  const accepted = await parts.acceptance.finish(id, by, c.req.raw.signal);
  if (!accepted.existing && accepted.upload.archive !== null) parts.onStored?.(accepted.upload.archive);
  return accepted;
}
