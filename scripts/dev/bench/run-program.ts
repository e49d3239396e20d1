import { basename } from 'node:path';
import { AppError, cancelled } from '../../../server/core/errors.ts';
import { watchMemory } from './memory-watch.ts';

export interface ProgramOptions {
  cwd: string;
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
  /** Sends the program SIGTERM when aborted. */
  signal: AbortSignal;
  /** `drop` sends stdout to /dev/null, `count` reads and counts it, `keep` returns it. */
  stdout?: 'drop' | 'count' | 'keep';
}

export interface ProgramRun {
  /** Seconds from start to end. */
  seconds: number;
  /** Peak resident memory, in bytes, of this one process; null where the system does not report it. */
  peakRss: number | null;
  /** Output of the program, when kept. */
  text: string;
  /** Bytes of output, when kept or counted. */
  bytes: number;
}

/**
 * Runs a program to its end and measures it. Throws UNEXPECTED with the end of its stderr when it fails, CANCELLED after an abort; either
 * way the process is gone.
 */
export async function runProgram(words: string[], options: ProgramOptions): Promise<ProgramRun> {
  const { signal, stdout = 'drop' } = options;
  if (signal.aborted) throw cancelled('The benchmark');
  const started = performance.now();
  const child = Bun.spawn(words, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', stdout === 'drop' ? 'ignore' : 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGTERM');
  signal.addEventListener('abort', kill);
  using memory = watchMemory(child.pid);
  try {
    const [code, out, err] = await Promise.all([
      child.exited,
      collect(child.stdout, stdout === 'keep'),
      collect(child.stderr, true),
    ]);
    const seconds = (performance.now() - started) / 1000;
    if (signal.aborted) throw cancelled('The benchmark');
    if (code !== 0) throw failed(words, code, err.text);
    return { seconds, peakRss: memory.peak(), ...out };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

async function collect(stream: ReadableStream<Uint8Array> | undefined, keep: boolean) {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const piece of stream ?? []) {
    bytes += piece.byteLength;
    if (keep) text += decoder.decode(piece, { stream: true });
  }
  return { text, bytes };
}

function failed(words: string[], code: number, stderr: string): AppError {
  const said = stderr.trim().slice(-1000);
  return new AppError(
    'UNEXPECTED',
    `${words
      .slice(0, 2)
      .map((word) => basename(word))
      .join(' ')} ended with exit code ${code}.`,
    {
      hint: said === '' ? 'It said nothing.' : `It said: ${said}`,
      details: { code },
    },
  );
}
