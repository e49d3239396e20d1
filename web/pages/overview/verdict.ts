import type { Recommendation, Status } from '../../api.ts';
import { clockText } from '../../lib/format.ts';
import { words } from '../../strings/shared.ts';

export type Level = 'safe' | 'soon' | 'unsafe' | 'unknown';

export interface Verdict {
  level: Level;
  /** The answer in one sentence. */
  sentence: string;
  /** The reason in another sentence. */
  because: string | null;
  /** The recommendation that gives the reason; null when none does. */
  from: Recommendation | null;
}

/**
 * Returns whether the data is safe, from the server's recommendations: red for an urgent one, amber for one due soon. Never green for what
 * could not be read.
 */
export function verdictOf({ recommendations, storage, database, troubles }: Status): Verdict {
  const first = recommendations.find(({ level }) => level !== 'note');
  const lost = troubles.find(({ code }) => code === 'STORAGE_LOST');
  if (lost) return verdictFor('unsafe', lost.message);
  if (storage === null) return verdictFor('unknown', troubles[0]?.message);
  if (first?.level === 'urgent') {
    const verdict = { ...verdictFor('unsafe', first.message), from: first };
    return first.code === 'NO_BACKUP' ? { ...verdict, sentence: words.overview.noBackup } : verdict;
  }
  if (database === null) return verdictFor('unknown', troubles[0]?.message);
  if (first) return { ...verdictFor('soon', first.message), from: first };
  return verdictFor('safe', words.overview.safeBecause);
}

/** Returns a verdict nobody can confirm right now: its old sentence with its time, without a colour. */
export function staleVerdict(verdict: Verdict, seenAt: Date): Verdict {
  return { ...verdict, level: 'unknown', sentence: words.overview.asOf(clockText(seenAt), verdict.sentence) };
}

function verdictFor(level: Level, because?: string): Verdict {
  return { level, sentence: words.overview.verdict[level], because: because ?? null, from: null };
}
