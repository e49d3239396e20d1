import type { Session } from '../../../db/connect/session.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import type { Records } from '../../../db/system/records.ts';
import { lastingFault } from '../../core/lasting-fault.ts';
import type { Log } from '../../core/log.ts';
import type { Storage } from '../../storage/storage.ts';
import { writableRecords } from '../records.ts';
import { endOrphaned } from './end-queued.ts';
import type { Queue } from './queue.ts';
import { repeat } from './repeat.ts';
import { dropOldRecords } from './retention.ts';
import { sweepDead } from './sweep.ts';

export interface SweeperDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  records: Records;
  queue: Pick<Queue, 'present'>;
  storage: Pick<Storage, 'sweep'>;
  /** Cleans up after uploads; returns how many records it ended. */
  sweepUploads?: () => Promise<number>;
  log: Log;
  now: () => Date;
  /** Days for which records of ended operations are kept. */
  operationDays: number;
  /** Milliseconds between two rounds. */
  everyMs?: number;
}

const EVERY_MS = 5_000;
const STORAGE_EVERY_MS = 60_000;
/**
 * Milliseconds after a dead operation in which every round looks at files too: its process may outlive its connection
 * for a moment.
 */
const FOLLOW_UP_MS = 30_000;
const RETENTION_EVERY_MS = 60 * 60 * 1000;

/**
 * Cleans up after dead processes at once and then every few seconds: operations, staging schemas, unfinished files and
 * lost tickets. Also deletes old records from time to time. Several sweepers may share one database; no failure ends
 * the rounds before disposal.
 */
export function startSweeper(deps: SweeperDeps): AsyncDisposable {
  const { records, queue, storage, log, now } = deps;
  let session: Session | null = null;
  let storageAt = Number.NEGATIVE_INFINITY;
  let uploadsAt = Number.NEGATIVE_INFINITY;
  let retentionAt = Number.NEGATIVE_INFINITY;
  let followUpUntil = Number.NEGATIVE_INFINITY;
  let reported = new Set<string>();
  let stopped = false;

  const connected = async (): Promise<Session> => {
    if (session && !session.signal.aborted) return session;
    await session?.close();
    session = await openWorkingSession(deps.databaseUrl, {
      applicationName: 'palace-backup sweep',
      signal: new AbortController().signal,
    });
    return session;
  };
  const isDue = (at: number) => now().getTime() < followUpUntil || now().getTime() - at >= STORAGE_EVERY_MS;
  const work: (() => Promise<'not due' | undefined>)[] = [
    async () => {
      const control = await connected();
      const { dead, warnings } = await sweepDead(control, await writableRecords(control), now());
      // Each round finds the same: logging it once is enough.
      for (const warning of warnings)
        if (!reported.has(warning)) log.warn({ warning }, 'something could not be cleared up');
      reported = new Set(warnings);
      if (dead.length === 0) return undefined;
      followUpUntil = now().getTime() + FOLLOW_UP_MS;
      log.warn({ operations: dead }, 'cleared up after operations whose process died');
      return undefined;
    },
    async () => {
      const orphaned = await endOrphaned(records, queue, now());
      if (orphaned.length > 0) log.warn({ operations: orphaned }, 'ended operations that nobody would have begun');
      return undefined;
    },
    async () => {
      if (!isDue(storageAt)) return 'not due';
      storageAt = now().getTime();
      const removed = await storage.sweep();
      if (removed.length > 0) log.warn({ files: removed }, 'removed what unfinished backups left');
      return undefined;
    },
    async () => {
      if (!deps.sweepUploads || !isDue(uploadsAt)) return 'not due';
      uploadsAt = now().getTime();
      const ended = await deps.sweepUploads();
      if (ended > 0) log.warn({ uploads: ended }, 'ended uploads whose sender or whose process is gone');
      return undefined;
    },
    async () => {
      if (now().getTime() - retentionAt < RETENTION_EVERY_MS) return 'not due';
      retentionAt = now().getTime();
      const dropped = await dropOldRecords(records, deps.operationDays, now());
      if (dropped > 0) log.info({ records: dropped }, 'dropped the records of old operations');
      return undefined;
    },
  ];
  const says = { fault: 'sweeping failed; it is tried again', over: 'sweeping works again', now };
  const steps = work.map((run) => ({ run, fault: lastingFault(log, says) }));
  const round = async () => {
    for (const { run, fault } of steps) {
      if (stopped) return;
      await run().then((done) => done !== 'not due' && fault.works(), fault.failed);
    }
  };

  const rounds = repeat(deps.everyMs ?? EVERY_MS, round);
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await rounds[Symbol.asyncDispose]();
      await session?.close();
    },
  };
}
