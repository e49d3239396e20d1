import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../failures.ts';

const TEMPORARY = /^\..+\.([0-9a-z]+)-(\d+)-(\d+)-\d+\.part$/;

/**
 * Names of unfinished files, `.<name>.<machine>-<process>-<its start>-<counter>.part`, and the test whether their
 * writer is still alive.
 */
export interface TemporaryNames {
  make(name: string, counter: number): string;
  /**
   * Returns true when the writer is dead; false for other files, for those of other machines (a shared folder) and of
   * living processes.
   */
  isAbandoned(fileName: string): boolean;
}

export function temporaryNames(): TemporaryNames {
  const machine = Bun.hash.crc32(hostname()).toString(36);
  const own = `${machine}-${process.pid}-${processStart(process.pid) ?? '0'}`;
  return {
    make: (name, counter) => `.${name}.${own}-${counter}.part`,
    isAbandoned: (fileName) => {
      const match = TEMPORARY.exec(fileName);
      if (!match || match[1] !== machine) return false;
      const pid = Number(match[2]);
      if (!isRunning(pid)) return true;
      // The process number is in use, but perhaps by a younger process.
      const start = processStart(pid);
      return match[3] !== '0' && start !== null && start !== match[3];
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** Returns the start of the process in ticks since boot; null where `/proc` does not tell. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold spaces; the start is the 22nd.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
