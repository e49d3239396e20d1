/** A schema that ends the thread it is loaded in: as soon as the file `MARKER` is there, which it takes away. */
import { existsSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { integer, pgTable } from 'drizzle-orm/pg-core';

export const shortLived = pgTable('short_lived', { id: integer().primaryKey() });

/** Of this process alone. */
export const MARKER = join(tmpdir(), `palace-backup-dying-${process.pid}`);

if (!isMainThread) {
  const watching = setInterval(() => {
    if (!existsSync(MARKER)) return;
    clearInterval(watching);
    unlinkSync(MARKER);
    throw new Error('this thread was to fail');
  }, 20);
}
