import { originOf } from '../api/origin.ts';
import type { AcceptedUpload } from '../jobs/uploads/accept.ts';
import type { FileParts, FilesContext } from './parts.ts';

/** Has a received upload accepted by a worker, and waits for that. Rejects with the reason it is refused for, or could not be accepted now. */
export async function finishUpload(
  parts: Pick<FileParts, 'acceptance' | 'onStored'>,
  c: FilesContext,
  id: string,
): Promise<AcceptedUpload> {
  const caller = c.get('caller');
  const by = { actor: caller.actor, origin: originOf({ caller }) };
  const accepted = await parts.acceptance.finish(id, by, c.req.raw.signal);
  if (!accepted.existing && accepted.upload.archive !== null) parts.onStored?.(accepted.upload.archive);
  return accepted;
}
