import type { Session } from '../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import { csvToCopyText, takeEndMarkerRows } from '../archive/rows/records.ts';
import type { ArchiveWriter } from '../archive/writer.ts';
import { createBufferPool } from '../core/buffers.ts';
import { cancelled } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { copyOut } from '../postgres/copy-out.ts';
import { isMomentGone, type Moment } from '../postgres/snapshot.ts';
import { explainLongRow } from './checks/long-row.ts';
import { refuseOddText } from './checks/odd-text.ts';
import type { CopyPart } from './parts.ts';

/** Uncompressed size at which a chunk is closed. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * Copies every part into the archive, several at a time. Rows pass from socket to chunk to compressor to file in a fixed number of
 * buffers; when all are in use, the sockets wait. The first failure stops everything and is the error thrown.
 */
export async function copyParts(
  parts: CopyPart[],
  snapshot: Moment,
  writer: ArchiveWriter,
  options: { jobs: number; signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  // One buffer fills per worker while one more is being compressed; a second spare saved no time and cost 10 MB.
  const pool = createBufferPool(options.jobs + 1, CHUNK_BYTES);
  const queue = [...parts];
  const underWay = new Set<Promise<void>>();
  const sessions: Session[] = [];
  let failure: { error: unknown } | null = null;
  const fail = (error: unknown) => {
    if (failure) return;
    failure = { error };
    pool.fail(error);
    for (const session of sessions) session.destroy();
  };
  const stop = () => fail(cancelled('The backup'));
  options.signal.addEventListener('abort', stop, { once: true });

  const report = progressOf(parts, options.onProgress);
  const work = async (session: Session) => {
    sessions.push(session);
    for (let part = queue.shift(); part && !failure; part = queue.shift()) {
      const current = part;
      await copyOut(session, current.sql, {
        pool,
        doing: `copying ${qualifiedName(current.table)}`,
        prefix: current.header,
        chunkBytes: CHUNK_BYTES,
        onChunk: ({ buffer, length, rows }) => {
          const content = buffer.subarray(0, length);
          const added = addChunk(writer, current, content, rows)
            .then(() => report.add(current, length, rows))
            .catch(fail)
            .finally(() => {
              pool.release(buffer);
              underWay.delete(added);
            });
          underWay.add(added);
        },
      }).catch(async (error: unknown) => {
        // Explained before the other sessions are stopped, because stopping cuts their sockets.
        throw failure ? error : await explainLongRow(error, current, snapshot);
      });
      report.done(current);
    }
  };
  const follow = async (leading: Promise<void>) => {
    const joined = queue.length > 0 ? snapshot.join() : null;
    const session = await joined?.catch(async (error: unknown) => {
      // The leader lost the snapshot; its own failure is the one to report.
      if (isMomentGone(error)) await leading;
      throw error;
    });
    if (session) await work(session);
  };
  try {
    const followers = Math.min(options.jobs, parts.length) - 1;
    const leading = work(snapshot.leader).catch(fail);
    const following = Array.from({ length: followers }, () => follow(leading).catch(fail));
    await Promise.all([leading, ...following]);
    await Promise.all(underWay);
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
  if (failure) throw (failure as { error: unknown }).error;
}

async function addChunk(writer: ArchiveWriter, part: CopyPart, content: Uint8Array, rows: number): Promise<void> {
  const { table, columns } = part;
  refuseOddText(part, content);
  // psql before 18 takes a line that is exactly `\.` as the end of the data, even inside quotes, so such rows go as COPY text.
  const odd = takeEndMarkerRows(content);
  const plain = rows - (odd?.rows ?? 0);
  if (plain > 0)
    await writer.addChunk({
      table,
      format: 'csv',
      rows: plain,
      content: odd ? content.subarray(0, odd.left) : content,
    });
  if (odd)
    await writer.addChunk({ table, format: 'copy', rows: odd.rows, content: csvToCopyText(odd.taken, columns.length) });
}

/** Reports progress in heap bytes, which are known beforehand; the CSV bytes of a part only measure how far it has come. */
function progressOf(parts: CopyPart[], onProgress: OnProgress) {
  const totalBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const underWay = new Map<CopyPart, number>();
  const copied = new Set<CopyPart>();
  let finished = 0;
  let rows = 0;
  const emit = (table: ObjectName) => {
    let bytes = finished;
    for (const [part, seen] of underWay) bytes += Math.min(seen, part.bytes);
    onProgress({ stage: 'copy', rows, bytes, totalBytes, table: qualifiedName(table) });
  };
  return {
    add(part: CopyPart, bytes: number, added: number) {
      rows += added;
      // The last chunks of a part may still be compressing after all its rows have been read.
      if (!copied.has(part)) underWay.set(part, (underWay.get(part) ?? 0) + bytes);
      emit(part.table);
    },
    done(part: CopyPart) {
      copied.add(part);
      underWay.delete(part);
      finished += part.bytes;
      emit(part.table);
    },
  };
}
