import { connected } from '../../db/testing/client.fixture.ts';
import type { TestDatabase } from '../../db/testing/database.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { BREAKPOINT_FAMILY, BREAKPOINTS } from './library.fixture.ts';

export interface Breakpoint extends AsyncDisposable {
  /** Resolves when a session waits at the breakpoint. */
  reached(): Promise<void>;
  resume(): Promise<void>;
}

/** Holds up every restore of this database at one step, until the breakpoint is resumed or disposed. */
export async function setBreakpoint(database: TestDatabase, breakpoint: keyof typeof BREAKPOINTS): Promise<Breakpoint> {
  const holder = await connected(database.adminUrl, 'breakpoint');
  await holder.query('SELECT pg_advisory_lock($1, $2)', [BREAKPOINT_FAMILY, BREAKPOINTS[breakpoint]]);
  let closed = true;
  const resume = async () => {
    if (closed) await holder.end().catch(() => undefined);
    closed = false;
  };
  return {
    resume,
    async reached() {
      const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${BREAKPOINT_FAMILY} AND objid = ${BREAKPOINTS[breakpoint]} AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      for (let tries = 3000; tries > 0; tries--) {
        if ((await holder.query(waiting)).rowCount) return;
        await Bun.sleep(5);
      }
      throw new Error(`nobody came to the breakpoint ${breakpoint}`);
    },
    [Symbol.asyncDispose]: resume,
  };
}

/** Ends or cancels server processes by their application name (a LIKE pattern), and returns how many there were. */
export async function signalBackends(
  database: TestDatabase,
  how: 'pg_terminate_backend' | 'pg_cancel_backend',
  application: string,
): Promise<number> {
  const hit = await database.admin(
    `SELECT ${how}(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1`,
    [application],
  );
  return hit.length;
}

/** Returns a storage in memory whose archives are written by `write`, which is given the real one, and the storage itself. */
export function writingBy(write: (bytes: Uint8Array, really: () => Promise<void>) => Promise<void>): {
  storage: Storage;
  inner: Storage;
} {
  const inner = createMemoryStorage(() => new Date());
  const storage: Storage = {
    ...inner,
    async create(name) {
      const object = await inner.create(name);
      return { ...object, write: (bytes) => write(bytes, () => object.write(bytes)) };
    },
  };
  return { storage, inner };
}

/** Returns a storage that blocks writes of archives, from the given write on, until `resume()` is called. */
export function slowStorage(afterWrites: number): { storage: Storage; reached: Promise<void>; resume(): void } {
  const reached = Promise.withResolvers<void>();
  const breakpoint = Promise.withResolvers<void>();
  let writes = 0;
  const { storage } = writingBy(async (_, really) => {
    if (++writes > afterWrites) {
      reached.resolve();
      await breakpoint.promise;
    }
    await really();
  });
  return { storage, reached: reached.promise, resume: breakpoint.resolve };
}
