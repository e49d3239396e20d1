import { AppError, failureBody } from '../errors.ts';
import type { AcceptParts } from './file-parts.ts';
import { moveUpload, openUploads, refuseUpload } from './upload-records.ts';

/**
 * Clears up after senders that never came back and processes that died: files without a living writer, or older than a day, go;
 * records that wait for a file that is gone are refused and say so; an upload whose acceptance died can be accepted again.
 * Safe at any time and from several processes. Returns how many records it ended.
 */
export async function sweepUploads(parts: Pick<AcceptParts, 'records' | 'area' | 'now'>): Promise<number> {
  await parts.area.sweep(parts.now());
  // In this order: a record is open only while its file is there, so that one still open without a file is nobody's.
  const open = await openUploads(parts.records);
  const before = await parts.area.present();
  // A listing can miss a file that is being renamed; two do not.
  const after = await parts.area.present();
  let ended = 0;
  for (const { id, state } of open) {
    const presence = after.get(id) ?? before.get(id);
    if (presence === undefined) {
      const error = new AppError(
        'CONNECTION_LOST',
        'The upload was broken off, or left lying for a day. Its file was removed.',
        {
          hint: 'Send the file again.',
        },
      );
      await refuseUpload(parts.records, id, failureBody(error, parts.now()).error, parts.now());
      ended += 1;
    } else if (state === 'accepting' && after.get(id) === 'plain') {
      await moveUpload(parts.records, id, ['accepting'], { state: 'received' });
    }
  }
  return ended;
}
