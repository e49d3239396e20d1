import { useQueryClient } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import { api } from '../../api.ts';
import { removeFromLists } from '../../lib/backup-actions.ts';
import { saveFrom } from '../../lib/download.ts';
import { type Failure, failureOf } from '../../lib/server/failure.ts';
import { keys, showStarted } from '../../lib/server/queries.ts';
import type { bulkWords } from '../../strings/bulk.ts';

/** An action on several backups at once. */
export type BulkAction = keyof typeof bulkWords.names;

/** The outcome for one backup. With `operationId` it is still running, and its record says how it ends. */
export type Outcome =
  | { state: 'working' }
  | { state: 'done'; operationId?: string; address?: string }
  | { state: 'failed'; failure: Failure };

/** Codes after which the next backup would fail the same way. */
const FATAL_CODES = ['CONNECTION_LOST', 'STEP_UP_REQUIRED', 'UNAUTHENTICATED', 'RATE_LIMITED'];
/** Browsers drop a download that follows another at once. */
const DOWNLOAD_INTERVAL_MS = 400;

/** Creates the action on several backups, one after the other, and keeps the outcome of each. */
export function createBulkRun() {
  const client = useQueryClient();
  const [outcomes, setOutcomes] = createStore<Record<string, Outcome>>({});
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<Failure | null>(null);

  const one = async (kind: BulkAction, id: string): Promise<Outcome> => {
    if (kind === 'verify') {
      const { operation } = (await api.backups.verify.mutate({ id })).data;
      showStarted(client, operation);
      return { state: 'done', operationId: operation.id };
    }
    if (kind === 'download') {
      const { url, fileName } = (await api.backups.downloadLink.mutate({ id })).data;
      saveFrom(url, fileName);
      await new Promise((resolve) => setTimeout(resolve, DOWNLOAD_INTERVAL_MS));
      return { state: 'done', address: url };
    }
    await api.backups[kind].mutate({ id });
    if (kind === 'remove') removeFromLists(client, id);
    return { state: 'done' };
  };

  return {
    outcomes,
    busy,
    /** The failure that ended the run before the last backup. */
    failure,
    forget() {
      setFailure(null);
      setOutcomes(reconcile({}));
    },
    /** Call with an error that came before the first backup was tried. */
    refused: (error: unknown) => setFailure(failureOf(error)),
    /** Runs the action, skipping backups already done. Resolves with the error that ended it early, or null. */
    async run(kind: BulkAction, ids: readonly string[]): Promise<unknown> {
      setBusy(true);
      setFailure(null);
      try {
        for (const id of ids) {
          if (outcomes[id]?.state === 'done') continue;
          setOutcomes(id, reconcile<Outcome, Outcome>({ state: 'working' }));
          try {
            const outcome = await one(kind, id);
            setOutcomes(id, reconcile<Outcome, Outcome>(outcome));
          } catch (error) {
            const found = failureOf(error);
            setOutcomes(id, reconcile<Outcome, Outcome>({ state: 'failed', failure: found }));
            if (!FATAL_CODES.includes(found.code)) continue;
            setFailure(found);
            return error;
          }
        }
        return null;
      } finally {
        setBusy(false);
        const changed = kind === 'remove' ? [keys.backups, keys.status] : [keys.backups];
        for (const queryKey of changed) void client.invalidateQueries({ queryKey });
      }
    },
  };
}
