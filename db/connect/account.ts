import { execFileSync } from 'node:child_process';

let known: string | null | undefined;

/** Returns the name of the account this process runs as, as `psql` takes it for a user that is not named; null when it has none. */
export function accountName(): string | null {
  if (known === undefined) known = askSystem();
  return known;
}

/** Bun's own `userInfo()` knows the name from USER alone, and says "unknown" where that is not set, as under cron. */
function askSystem(): string | null {
  try {
    return execFileSync('id', ['-un'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
  } catch {
    return null;
  }
}
