import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { AppError } from '../../core/errors.ts';

/** What a process takes of the machine's memory and what it may, bytes. */
export interface MemoryUse {
  bytes: number;
  limitBytes: number;
}

/** Of a server's processes. */
export interface ProcessMemory {
  answering: MemoryUse;
  /** Null where this server has none. */
  worker: MemoryUse | null;
}

const MEBIBYTE = 1024 ** 2;
const LOOK_MS = 250;
/** Where a container says how much it may have: cgroup v2 and v1. */
const CONTAINER_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/** The memory of this machine, or of the container that this is. */
export function machineMemory(): number {
  const limits = CONTAINER_FILES.map((path) => Number(textOf(path))).filter((bytes) => bytes > 0);
  return Math.min(totalmem(), ...limits);
}

/**
 * The ceiling of a process: what the setting says, else its share of the machine's memory, never so little that ordinary work would meet it.
 */
export function memoryLimit(settingMb: number | null, kind: 'answering' | 'worker', memory = machineMemory()): number {
  if (settingMb !== null) return settingMb * MEBIBYTE;
  const [least, share, most] = kind === 'worker' ? [1024, 0.6, 16_384] : [512, 0.25, 4096];
  return Math.min(most * MEBIBYTE, Math.max(least * MEBIBYTE, Math.floor(memory * share)));
}

/** What a process of this machine takes now; 0 when it is there no more. */
export function residentBytes(pid: number): number {
  if (pid === process.pid) return process.memoryUsage.rss();
  const status = textOf(`/proc/${pid}/status`);
  if (status !== null) return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  // Systems without /proc.
  const { stdout } = Bun.spawnSync(['ps', '-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.toString().trim()) * 1024;
}

/** Looks a few times a second; calls `onPast` each time the process is past its ceiling. */
export function watchMemory(
  pid: number,
  limitBytes: number,
  onPast: (bytes: number) => void,
  read = residentBytes,
): Disposable {
  const timer = setInterval(() => {
    const bytes = read(pid);
    if (bytes > limitBytes) onPast(bytes);
  }, LOOK_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** The failure of work for which memory is short. */
export function memoryShort(what: string, limitBytes: number, setting: string): AppError {
  const megabytes = Math.round(limitBytes / MEBIBYTE);
  return new AppError('MEMORY_LIMIT', `${what} took more than the ${megabytes} MB of memory it may have.`, {
    hint: `A larger ${setting} allows more, where the machine has it. A file from somebody else may have been made to do this.`,
    details: { limitBytes },
  });
}

/** The memory of the process that answers, which gives up no work of its own but takes on nothing large while it is past its ceiling. */
export interface MemoryGuard extends Disposable {
  use(): MemoryUse;
  /** Why nothing large is taken on now; null mostly. */
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
  }, 4 * LOOK_MS);
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
