import { useQueryClient } from '@tanstack/solid-query';
import { batch, createEffect, createSignal, onCleanup } from 'solid-js';
import type { SearchQuery, SearchStep } from '../../api.ts';
import { type Failure, failureOf, panelFailure } from '../../lib/server/failure.ts';
import { keys } from '../../lib/server/queries.ts';
import { streamMutation } from '../../lib/server/stream-mutation.ts';
import { words } from '../../strings/shared.ts';

/** A search: the text, and the tables and columns to look through. */
export interface FindRequest {
  text: string;
  /** The one table to search; null for all. */
  table: string | null;
  /** True to search all columns but secret ones. */
  people: boolean;
}

/** A search and its progress; `end` is null while it runs. */
export interface FindState {
  request: FindRequest;
  chunks: number;
  of: number;
  rows: number;
  hits: SearchStep['hits'];
  unsearched: SearchStep['unsearched'];
  end: SearchStep['end'] | 'cancelled' | 'failed';
  next: SearchStep['next'];
}

/**
 * Creates the search of one backup. A new search aborts the one before, and so does leaving the page. What was found is known again when
 * somebody comes back within five minutes and `isWanted` takes its request; it is kept in no address and no storage.
 */
export function createFind(backup: string, isWanted: (request: FindRequest) => boolean) {
  const client = useQueryClient();
  const before = client.getQueryData<FindState>(keys.found(backup));
  const [found, setFound] = createSignal<FindState | null>(before && isWanted(before.request) ? before : null);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  let running: AbortController | null = null;
  const stop = () => {
    running?.abort();
    running = null;
  };
  createEffect(() => {
    const known = found();
    if (known) client.setQueryData(keys.found(backup), known);
    else client.removeQueries({ queryKey: keys.found(backup) });
  });
  onCleanup(() => {
    const known = found();
    stop();
    if (known?.end !== null) return;
    // Among ordinary columns it begins anew by itself; among people's data only when it is asked for.
    if (known.request.people) client.setQueryData(keys.found(backup), { ...known, end: 'cancelled' });
    else client.removeQueries({ queryKey: keys.found(backup) });
  });

  const add = ({ hits, unsearched, ...step }: SearchStep, earlierRows: number) =>
    setFound(
      (before) =>
        before && {
          ...before,
          ...step,
          rows: earlierRows + step.rows,
          hits: [...before.hits, ...hits],
          unsearched: [...before.unsearched, ...unsearched],
        },
    );
  const finish = (end: 'cancelled' | 'failed') => setFound((before) => before && { ...before, end });

  return {
    found,
    failure,
    /** Starts a search, or continues one from its end. Rejects with the server's refusal before the search has begun. */
    async start(request: FindRequest, continued: FindState | null = null) {
      stop();
      const control = new AbortController();
      running = control;
      const { text, table, people } = request;
      const query: SearchQuery = {
        id: backup,
        text,
        ...(table !== null && { tables: [table] }),
        ...(continued?.next && { from: continued.next }),
      };
      batch(() => {
        setFailure(null);
        if (continued === null) setFound(null);
      });
      const path = people ? 'backups.findPeople' : 'backups.find';
      const steps = await streamMutation<SearchStep>(path, query, control.signal).catch((error: unknown) => {
        if (running === control) throw error;
        return null;
      });
      if (steps === null) return;
      const empty = { chunks: 0, of: 0, rows: 0, hits: [], unsearched: [] };
      setFound({ ...(continued ?? empty), request, end: null, next: null });
      void (async () => {
        try {
          for await (const step of steps) if (running === control) add(step, continued?.rows ?? 0);
          if (running === control && found()?.end === null) throw connectionLost();
        } catch (error) {
          if (running !== control) return;
          batch(() => {
            setFailure(failureOf(error));
            finish('failed');
          });
        }
      })();
    },
    cancel() {
      if (!running) return;
      stop();
      finish('cancelled');
    },
  };
}

/** Returns the failure for an answer that ended before the search did. */
function connectionLost(): Failure {
  return panelFailure('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint);
}
