import { readFileSync } from 'node:fs';

/** What a server and its children took while it was watched. */
export interface Watched {
  /** Bytes of all of them together at their most. */
  peak: number;
  /** Seconds of processor time. */
  seconds: number;
}

const SAMPLE_MS = 25;
/** No try may take the machine along. */
const LIMIT_BYTES = 1024 ** 3;
const TICKS = 100;

/** Watches a process and its children, and ends them all once they take a gigabyte more than they did at rest. */
export function startWatchdog(pid: number): {
  rest(): number;
  during<R>(work: () => Promise<R>): Promise<Watched & { result: R }>;
} {
  const processes = () => [pid, ...childrenOf(pid)];
  const taken = () => processes().reduce((sum, one) => sum + residentOf(one), 0);
  const rest = taken();
  return {
    rest: () => rest,
    async during(work) {
      let peak = 0;
      const sample = () => {
        peak = Math.max(peak, taken());
        if (peak > rest + LIMIT_BYTES) for (const one of processes()) kill(one);
      };
      const timer = setInterval(sample, SAMPLE_MS);
      const before = processes().reduce((sum, one) => sum + secondsOf(one), 0);
      try {
        const result = await work();
        sample();
        const after = processes().reduce((sum, one) => sum + secondsOf(one), 0);
        return { result, peak, seconds: after - before };
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** Returns child processes as the kernel lists them: going through all processes of the machine a few times a second would itself be work. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function residentOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function secondsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

/** Returns the fields from the third on: the second is the command in parentheses and may hold spaces. */
function fieldsOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
