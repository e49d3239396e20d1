import { readFileSync } from 'node:fs';

const SAMPLE_MS = 50;

/** A watch on the peak memory of a process. */
export interface MemoryWatch extends Disposable {
  /** Returns the peak resident memory so far, in bytes, of this one process; null where the system does not report it. */
  peak(): number | null;
}

/**
 * Reads the high-water mark of a process until disposed, since `wait4` starts at the size of the parent process. The mark only grows, so
 * that only an increase in the last moments of its life is missed.
 */
export function watchMemory(pid: number): MemoryWatch {
  let peak: number | null = null;
  const sample = () => {
    peak = highWaterMark(pid) ?? peak;
    return peak;
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return { peak: sample, [Symbol.dispose]: () => clearInterval(timer) };
}

function highWaterMark(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}
