import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { AppError } from '../../core/errors.ts';

/** Memory used by a process and its limit, in bytes. */
export interface MemoryUse {
  bytes: number;
  limitBytes: number;
}

/** Memory of a server's processes. */
export interface ProcessMemory {
  answering: MemoryUse;
  /** Null where this server has none. */
  worker: MemoryUse | null;
}

const MEBIBYTE = 1024 ** 2;
const SAMPLE_MS = 250;
/** Files with a container's memory limit: cgroup v2 and v1. */
const CONTAINER_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/** Returns the memory of this machine, or the limit of this container, in bytes. */
export function machineMemory(): number {
  const limits = CONTAINER_FILES.map((path) => Number(textOf(path))).filter((bytes) => bytes > 0);
  return Math.min(totalmem(), ...limits);
}

/**
 * Returns the memory limit of a process in bytes: the setting, or its share of the machine's memory, with a minimum
 * that ordinary work never reaches.
 */
export function memoryLimit(settingMb: number | null, kind: 'answering' | 'worker', memory = machineMemory()): number {
  if (settingMb !== null) return settingMb * MEBIBYTE;
  const [least, share, most] = kind === 'worker' ? [1024, 0.6, 16_384] : [512, 0.25, 4096];
  return Math.min(most * MEBIBYTE, Math.max(least * MEBIBYTE, Math.floor(memory * share)));
}

/** Returns the bytes of memory a process of this machine uses; 0 when it has ended. */
export function residentBytes(pid: number): number {
  if (pid === process.pid) return process.memoryUsage.rss();
  const status = textOf(`/proc/${pid}/status`);
  if (status !== null) return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  // Systems without /proc.
  const { stdout } = Bun.spawnSync(['ps', '-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.toString().trim()) * 1024;
}

/** Checks a few times a second; calls `onPast` each time the process is over its limit. */
export function watchMemory(
  pid: number,
  limitBytes: number,
  onPast: (bytes: number) => void,
  read = residentBytes,
): Disposable {
  const timer = setInterval(() => {
    const bytes = read(pid);
    if (bytes > limitBytes) onPast(bytes);
  }, SAMPLE_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Returns the error for work that ran out of its memory limit. */
export function memoryShort(what: string, limitBytes: number, setting: string): AppError {
  const megabytes = Math.round(limitBytes / MEBIBYTE);
  return new AppError('MEMORY_LIMIT', `${what} took more than the ${megabytes} MB of memory it may have.`, {
    hint: `A larger ${setting} allows more, where the machine has it. A file from somebody else may have been made to do this.`,
    details: { limitBytes },
  });
}

/**
 * Watches the memory of the answering process. Over its limit the process takes on nothing large, but gives up no work
 * it has.
 */
export interface MemoryGuard extends Disposable {
  use(): MemoryUse;
  /** Returns the error for refusing anything large now; null while memory is within the limit. */
  refusal(): AppError | null;
}

export function guardMemory(limitBytes: number, onPast: (use: MemoryUse) => void): MemoryGuard {
  let past = false;
  const use = () => ({ bytes: residentBytes(process.pid), limitBytes });
  const timer = setInterval(() => {
    const before = past;
    if (use().bytes > limitBytes) Bun.gc(true);
    past = use().bytes > limitBytes;
    if (past && !before) onPast(use());
  }, 4 * SAMPLE_MS);
  timer.unref();
  return {
    use,
    refusal: () => (past ? memoryShort('The server', limitBytes, 'MEMORY_LIMIT_MB') : null),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
