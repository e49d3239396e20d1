import { execFileSync } from 'node:child_process';

let known: string | null | undefined;

/** Returns the name of the account this process runs as, or null when it has none. `psql` uses it when no user is named. */
export function accountName(): string | null {
  if (known === undefined) known = askSystem();
  return known;
}

/**
 * Asks the system for the account's name. Bun's own `userInfo()` reads USER alone, and answers "unknown" where that is not set, as under
 * cron.
 */
function askSystem(): string | null {
  try {
    return execFileSync('id', ['-un'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
  } catch {
    return null;
  }
}
