import type { Session } from '../../db/connect/session.ts';
import { qualifiedName } from '../../db/model/model.ts';
import { createBufferPool } from '../core/buffers.ts';
import { cancelled } from '../core/errors.ts';
import { copyOut } from './copy-out.ts';
import type { CopyPart } from './copy-parts.ts';
import { isSnapshotGone, type SnapshotSessions } from './snapshot.ts';

/** Uncompressed size at which a chunk is closed. */
const CHUNK_BYTES = 8 * 1024 * 1024;

export interface CopyTablesOptions {
  connections: number;
  signal: AbortSignal;
  /** Completes “… was cancelled” in the error: `The backup`. */
  doing: string;
  /** Takes a chunk's content, which is only lent until the promise settles. Its failure stops everything. */
  take(part: CopyPart, content: Uint8Array, rows: number): Promise<void>;
  /** Called when all rows of a part were read; its last chunks may still be with `take`. */
  onRead?: (part: CopyPart) => void;
  /** Returns a better error for a part that could not be copied. Called before the other sessions are stopped. */
  explain?: (error: unknown, part: CopyPart) => Promise<unknown>;
  /** Returns false for a part that need not be read any more. */
  isWanted?: (part: CopyPart) => boolean;
}

/**
 * Reads every part, several at a time, and hands on its rows in chunks of 8 MiB. Rows pass from socket to chunk in a fixed number of
 * buffers; when all are in use, the sockets wait. The first failure stops everything and is the error thrown.
 */
export async function copyTables(
  parts: CopyPart[],
  snapshot: SnapshotSessions,
  options: CopyTablesOptions,
): Promise<void> {
  // One buffer fills per worker while one more is being taken; a second spare saved no time and cost 10 MB.
  const pool = createBufferPool(options.connections + 1, CHUNK_BYTES);
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
  const stop = () => fail(cancelled(options.doing));
  options.signal.addEventListener('abort', stop, { once: true });

  const work = async (session: Session) => {
    sessions.push(session);
    for (let part = queue.shift(); part && !failure; part = queue.shift()) {
      const current = part;
      if (options.isWanted?.(current) === false) continue;
      await copyOut(session, current.sql, {
        pool,
        doing: `copying ${qualifiedName(current.table)}`,
        prefix: current.header,
        chunkBytes: CHUNK_BYTES,
        onChunk: ({ buffer, length, rows }) => {
          const taken = options
            .take(current, buffer.subarray(0, length), rows)
            .catch(fail)
            .finally(() => {
              pool.release(buffer);
              underWay.delete(taken);
            });
          underWay.add(taken);
        },
      }).catch(async (error: unknown) => {
        throw failure || !options.explain ? error : await options.explain(error, current);
      });
      options.onRead?.(current);
    }
  };
  const follow = async (leading: Promise<void>) => {
    const joined = queue.length > 0 ? snapshot.join() : null;
    const session = await joined?.catch(async (error: unknown) => {
      // The leader lost the snapshot; its own failure is the one to report.
      if (isSnapshotGone(error)) await leading;
      throw error;
    });
    if (session) await work(session);
  };
  try {
    const followers = Math.min(options.connections, parts.length) - 1;
    const leading = work(snapshot.leader).catch(fail);
    const following = Array.from({ length: followers }, () => follow(leading).catch(fail));
    await Promise.all([leading, ...following]);
    await Promise.all(underWay);
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
  if (failure) throw (failure as { error: unknown }).error;
}
