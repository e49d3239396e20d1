import type { SchemaModel } from '../../db/model.ts';
import { APPLICATION } from '../application.ts';
import { createBackup } from '../backup/create.ts';
import { markVerified } from '../backup/mark-verified.ts';
import { verifyArchive } from '../backup/verify.ts';
import { AppError, failureBody } from '../errors.ts';
import { runOperation } from '../jobs/operations.ts';
import type { OnProgress } from '../progress.ts';
import { restoreArchive } from '../restore/restore.ts';
import type { Storage } from '../storage/storage.ts';
import type { DeskPart, OperationRequest, OperationView } from './parts.ts';

export interface TestDesk extends DeskPart {
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

/** Runs what is asked for at once, in this process, through `runOperation`; views are kept in memory. */
export function testDesk(databaseUrl: string, storage: Storage, model: SchemaModel): TestDesk {
  const views = new Map<string, OperationView>();
  const keys = new Map<string, string>();
  const running = new Map<string, { abort: AbortController; done: Promise<void> }>();
  let changed = Promise.withResolvers<void>();

  const update = (id: string, change: Partial<OperationView>) => {
    views.set(id, { ...get(id), ...change, revision: get(id).revision + 1 });
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const get = (id: string): OperationView => {
    const view = views.get(id);
    if (!view) throw new AppError('NOT_FOUND', 'There is no such operation.');
    return view;
  };

  const work = async (
    id: string,
    request: OperationRequest,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<object> => {
    const deps = { databaseUrl, now: () => new Date(), newId: () => id, pause: (ms: number) => Bun.sleep(ms) };
    if (request.kind === 'verify') {
      await using source = await storage.open(request.archive);
      const report = await verifyArchive(source, { signal, onProgress });
      if (report.ok && report.digest) await markVerified(storage, request.archive, report.digest, new Date());
      return report;
    }
    const { kind, wait, ...parameters } = request;
    return runOperation(deps, { kind, actor: get(id).actor, parameters, wait }, signal, async (operation) => {
      const run = { signal: operation.signal, onProgress };
      if (request.kind === 'backup') {
        const create = { ...deps, storage, model, application: APPLICATION, lockGiveUpMs: 10_000 };
        return createBackup(create, { ...request, jobs: 2, createdBy: get(id).actor }, run);
      }
      await using source = await storage.open(request.archive);
      const restore = { ...deps, source, receipt: operation.receipt, lockTryMs: 2000, lockGiveUpMs: 10_000 };
      return restoreArchive(restore, { ...(request.tables && { tables: request.tables }), jobs: 2 }, run);
    });
  };

  const start = async (id: string, request: OperationRequest, signal: AbortSignal) => {
    await Promise.resolve();
    update(id, { state: 'running', startedAt: new Date() });
    const onProgress: OnProgress = ({ stage, rows, bytes, totalBytes }) =>
      update(id, {
        progress: {
          stage,
          rows,
          bytes,
          totalBytes,
          rowsPerSecond: 0,
          bytesPerSecond: 0,
          secondsLeft: null,
          tables: {},
        },
      });
    try {
      const result = { ...(await work(id, request, signal, onProgress)) };
      const archive = 'fileName' in result && typeof result.fileName === 'string' ? result.fileName : get(id).archive;
      update(id, { state: 'succeeded', result, archive, finishedAt: new Date() });
    } catch (error) {
      const failure = failureBody(error, new Date()).error;
      update(id, {
        state: failure.code === 'CANCELLED' ? 'cancelled' : 'failed',
        error: failure,
        finishedAt: new Date(),
      });
    } finally {
      running.delete(id);
    }
  };

  return {
    async request(request, actor, origin, idempotencyKey) {
      const key = idempotencyKey && JSON.stringify([actor, request.kind, idempotencyKey]);
      const existing = key && keys.get(key);
      if (existing) return { operation: get(existing), existing: true };
      const id = crypto.randomUUID();
      const { kind, ...parameters } = request;
      const archive = request.kind === 'backup' ? null : request.archive;
      const none = {
        progress: null,
        result: null,
        error: null,
        startedAt: null,
        finishedAt: null,
        cancelRequestedAt: null,
      };
      views.set(id, {
        ...none,
        id,
        kind,
        state: 'queued',
        actor,
        origin,
        parameters,
        archive,
        revision: 0,
        createdAt: new Date(),
      });
      if (key) keys.set(key, id);
      const operation = get(id);
      const abort = new AbortController();
      running.set(id, { abort, done: start(id, request, abort.signal) });
      return { operation, existing: false };
    },
    get: async (id) => get(id),
    async list({ kinds, states, limit }) {
      const passing = [...views.values()]
        .filter((view) => (!kinds || kinds.includes(view.kind)) && (!states || states.includes(view.state)))
        .toReversed();
      return { operations: passing.slice(0, limit), next: null };
    },
    async cancel(id) {
      if (get(id).finishedAt === null) update(id, { cancelRequestedAt: new Date() });
      running.get(id)?.abort.abort();
      return get(id);
    },
    async *watch(id, afterRevision, signal) {
      for (let seen = afterRevision; ; ) {
        const next = changed.promise;
        const view = get(id);
        if (view.revision > seen) yield view;
        if (view.finishedAt) return;
        seen = view.revision;
        const stop = Promise.withResolvers<void>();
        const onAbort = () => stop.resolve();
        signal.addEventListener('abort', onAbort);
        await Promise.race([next, stop.promise]);
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) return;
      }
    },
    async idle() {
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
