import type { Log } from '../core/log.ts';

/** One thing that is ended at shutdown. */
export interface Ending {
  /** For the log. */
  name: string;
  end(): Promise<void>;
}

/**
 * Ends things one after the other, in the order given. A failure is logged and does not keep the rest from ending.
 * Throws the first failure, once all were tried.
 */
export async function endAll(endings: readonly Ending[], log: Log): Promise<void> {
  const failures: unknown[] = [];
  for (const { name, end } of endings) {
    try {
      await end();
    } catch (error) {
      log.error({ error, part: name }, 'a part did not end well');
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
