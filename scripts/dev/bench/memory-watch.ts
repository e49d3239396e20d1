import { readFileSync } from 'node:fs';

const SAMPLE_MS = 50;

/** Watches how much memory a process uses at most. */
export interface MemoryWatch extends Disposable {
  /** Most memory resident at once so far, in bytes, of this one process; null where the system does not tell. */
  peak(): number | null;
}

/**
 * Reads the high-water mark of a process until disposed. The number `wait4` gives would not do: it begins at the size of the process that
 * started it. The mark only grows, so that no more is missed than what is added in the last moments of its life.
 */
export function watchMemory(pid: number): MemoryWatch {
  let peak: number | null = null;
  const look = () => {
    peak = highWaterMark(pid) ?? peak;
    return peak;
  };
  const timer = setInterval(look, SAMPLE_MS);
  return { peak: look, [Symbol.dispose]: () => clearInterval(timer) };
}

function highWaterMark(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
