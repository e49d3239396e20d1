import { AppError, failureBody } from '../../core/errors.ts';
import type { AcceptParts } from './accept.ts';
import { findUpload, openUploads, refuseUpload } from './records.ts';

/**
 * Cleans up after senders that never came back and processes that died; safe at any time and from several processes.
 * Removes files without a living writer or older than a day, and refuses uploads whose file is gone. An upload whose
 * acceptance died with its process is refused for good, because it may be what ended the process.
 *
 * Returns how many records it ended.
 */
export async function sweepUploads(parts: Pick<AcceptParts, 'records' | 'area' | 'now'>): Promise<number> {
  let ended = await refusePoison(parts);
  await parts.area.sweep(parts.now());
  // Records before files: a record is open only while its file is there, so one still open without a file is abandoned.
  const open = await openUploads(parts.records);
  const before = await parts.area.present();
  // One listing can miss a file that is being renamed; two do not.
  const after = await parts.area.present();
  for (const { id } of open) {
    if (after.has(id) || before.has(id)) continue;
    const error = new AppError(
      'CONNECTION_LOST',
      'The upload was interrupted, or left alone for a day. Its file was removed.',
      {
        hint: 'Send the file again.',
      },
    );
    await refuseUpload(parts.records, id, failureBody(error, parts.now()).error, parts.now());
    ended += 1;
  }
  return ended;
}

/**
 * Refuses uploads whose acceptance died. The record is written first, so that nobody accepts it whatever becomes of the
 * file.
 */
async function refusePoison(parts: Pick<AcceptParts, 'records' | 'area' | 'now'>): Promise<number> {
  let ended = 0;
  for (const id of await parts.area.abandoned()) {
    const row = await findUpload(parts.records, id);
    if (row?.state !== 'accepting') continue;
    const error = new AppError(
      'CONNECTION_LOST',
      'The process that was accepting this upload ended in the middle of it. It is not tried again; its file was removed.',
      { hint: 'See the server log for why it ended. If it was not for this file, send it again.' },
    );
    await refuseUpload(parts.records, id, failureBody(error, parts.now()).error, parts.now());
    await parts.area.sweep(parts.now());
    await parts.area.remove(id);
    ended += 1;
  }
  return ended;
}
