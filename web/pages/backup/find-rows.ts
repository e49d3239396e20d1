import { batch, createSignal, onCleanup } from 'solid-js';
import type { SearchQuery, SearchStep } from '../../api.ts';
import { type Failure, failureOf, panelFailure } from '../../lib/server/failure.ts';
import { streamMutation } from '../../lib/server/stream-mutation.ts';
import { words } from '../../strings/shared.ts';

/** A search: the text, and the tables and columns to look through. */
export interface FindQuestion {
  backup: string;
  text: string;
  /** The one table to search; null for all. */
  table: string | null;
  /** True to search all columns but secret ones. */
  people: boolean;
}

/** A search and its progress; `end` is null while it runs. */
export interface Found {
  question: FindQuestion;
  chunks: number;
  of: number;
  rows: number;
  hits: SearchStep['hits'];
  unsearched: SearchStep['unsearched'];
  end: SearchStep['end'] | 'cancelled' | 'failed';
  next: SearchStep['next'];
}

/** Creates a search of one backup at a time. A new search aborts the one before, and so does leaving the page. */
export function createFind() {
  const [found, setFound] = createSignal<Found | null>(null);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  let running: AbortController | null = null;
  const stop = () => {
    running?.abort();
    running = null;
  };
  onCleanup(stop);

  const add = ({ hits, unsearched, ...step }: SearchStep, passed: number) =>
    setFound(
      (before) =>
        before && {
          ...before,
          ...step,
          rows: passed + step.rows,
          hits: [...before.hits, ...hits],
          unsearched: [...before.unsearched, ...unsearched],
        },
    );
  const endAs = (end: 'cancelled' | 'failed') => setFound((before) => before && { ...before, end });

  return {
    found,
    failure,
    /** Starts a search, or continues one from its end. Rejects with the server's refusal before the search has begun. */
    async start(question: FindQuestion, onward: Found | null = null) {
      stop();
      const control = new AbortController();
      running = control;
      const { backup, text, table, people } = question;
      const query: SearchQuery = {
        id: backup,
        text,
        ...(table !== null && { tables: [table] }),
        ...(onward?.next && { from: onward.next }),
      };
      batch(() => {
        setFailure(null);
        if (onward === null) setFound(null);
      });
      const path = people ? 'backups.findPeople' : 'backups.find';
      const steps = await streamMutation<SearchStep>(path, query, control.signal).catch((error: unknown) => {
        if (running === control) throw error;
        return null;
      });
      if (steps === null) return;
      const empty = { chunks: 0, of: 0, rows: 0, hits: [], unsearched: [] };
      setFound({ ...(onward ?? empty), question, end: null, next: null });
      void (async () => {
        try {
          for await (const step of steps) if (running === control) add(step, onward?.rows ?? 0);
          if (running === control && found()?.end === null) throw lost();
        } catch (error) {
          if (running !== control) return;
          batch(() => {
            setFailure(failureOf(error));
            endAs('failed');
          });
        }
      })();
    },
    cancel() {
      if (!running) return;
      stop();
      endAs('cancelled');
    },
  };
}

/** Returns the failure for an answer that ended before the search did. */
function lost(): Failure {
  return panelFailure('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint);
}
