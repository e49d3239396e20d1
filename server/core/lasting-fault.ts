import type { Log } from './log.ts';

/** Milliseconds from the first line of a fault to the second; each interval is twice the one before. */
const FIRST_MS = 10_000;
/** Longest interval between two lines of the same fault. */
const MOST_MS = 60 * 60 * 1000;

export interface LastingFault extends Disposable {
  /** Notes a failure. Logs the first of its code, and later ones at growing intervals, with their number. */
  failed(error: unknown): void;
  /** Notes that it works: logs the return after a failure, and nothing otherwise. */
  works(): void;
}

export interface LastingFaultOptions {
  /** The line of a failure, and that of its end: each the same every time. */
  fault: string;
  over: string;
  now: () => Date;
  /** Milliseconds without a failure that count as the end, where nobody says that it works. */
  quietMs?: number;
}

/** Keeps a fault that lasts from filling the log: the next hour of it takes a dozen lines. */
export function lastingFault(log: Pick<Log, 'error' | 'info'>, options: LastingFaultOptions): LastingFault {
  const { fault, over, now, quietMs } = options;
  let since: Date | null = null;
  let failures = 0;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  /** By code: the failures since its last line, and when the next one is due. */
  const codes = new Map<string, { unsaid: number; due: number; interval: number }>();

  const works = () => {
    clearTimeout(quiet);
    if (since === null) return;
    log.info({ since: since.toISOString(), failures }, over);
    since = null;
    failures = 0;
    codes.clear();
  };
  return {
    failed(error) {
      const at = now();
      since ??= at;
      failures++;
      if (quietMs !== undefined) {
        clearTimeout(quiet);
        quiet = setTimeout(works, quietMs);
        quiet.unref();
      }
      const key = codeOf(error);
      const known = codes.get(key);
      if (!known) {
        codes.set(key, { unsaid: 0, due: at.getTime() + FIRST_MS, interval: FIRST_MS });
        log.error({ error }, fault);
        return;
      }
      known.unsaid++;
      if (at.getTime() < known.due) return;
      log.error({ error, since: since.toISOString(), failures: known.unsaid }, fault);
      known.unsaid = 0;
      known.interval = Math.min(known.interval * 2, MOST_MS);
      known.due = at.getTime() + known.interval;
    },
    works,
    [Symbol.dispose]() {
      clearTimeout(quiet);
    },
  };
}

/** Returns the code of an error, or its kind. Few, whatever their messages say. */
function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : typeof error;
}
