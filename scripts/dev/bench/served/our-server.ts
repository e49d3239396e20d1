import { join } from 'node:path';
import { AppError } from '../../../../server/core/errors.ts';
import type { Bench } from '../bench.ts';
import { watchMemory } from '../memory-watch.ts';

/** Our server as a separate process, as in production. */
export interface OurServer extends AsyncDisposable {
  /** Address without a trailing slash. */
  url: string;
  /** Returns the peak memory so far, in bytes; null where the system does not report it. */
  peakRss(): number | null;
}

const MAIN = join(import.meta.dir, '../../../../server/main.ts');
/** Number of jobs: the peers' `-j2`, whatever the machine has. */
const JOBS = '2';

/**
 * Starts `server/main.ts` on a database and resolves when it answers. Disposing it waits for its end; aborting the benchmark ends it too.
 * Throws UNEXPECTED with its output when it does not start.
 */
export async function startOurServer(
  bench: Pick<Bench, 'server' | 'files' | 'signal'>,
  options: { database: string; backups: string; maxUploadBytes: number },
): Promise<OurServer> {
  const child = Bun.spawn([process.execPath, MAIN], {
    cwd: bench.files,
    env: {
      PATH: '/usr/bin:/bin',
      NODE_ENV: 'production',
      DATABASE_URL: bench.server.url(options.database),
      BACKUP_DIR: options.backups,
      BACKUP_JOBS: JOBS,
      MAX_UPLOAD_BYTES: String(options.maxUploadBytes),
      SECRET_KEY: crypto.randomUUID(),
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const memory = watchMemory(child.pid);
  const end = () => child.kill('SIGTERM');
  bench.signal.addEventListener('abort', end);
  const errors = child.stderr.text();
  const close = async () => {
    bench.signal.removeEventListener('abort', end);
    end();
    await child.exited;
    memory[Symbol.dispose]();
  };
  const address = await readAddress(child.stdout);
  if (address !== null) return { url: address, peakRss: memory.peak, [Symbol.asyncDispose]: close };
  await close();
  throw new AppError('UNEXPECTED', 'Our server did not start.', {
    hint: `It said: ${(await errors).trim().slice(-1000)}`,
  });
}

/** Reads until the server reports its address, or null at the end. Drains later output, so that the server never blocks on writing. */
async function readAddress(output: ReadableStream<Uint8Array>): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const readOn = async () => {
    let said = '';
    let found = false;
    const decoder = new TextDecoder();
    for await (const piece of output) {
      if (found) continue;
      said += decoder.decode(piece, { stream: true });
      const address = /answers at (\S+?)\/?\n/.exec(said)?.[1];
      if (address === undefined) continue;
      found = true;
      resolve(address);
    }
  };
  readOn().then(
    () => resolve(null),
    () => resolve(null),
  );
  return await promise;
}
