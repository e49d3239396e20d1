/** A schema whose reader does not live long: where it is loaded in a thread, the thread fails soon after. */
import { isMainThread } from 'node:worker_threads';
import { integer, pgTable } from 'drizzle-orm/pg-core';

export const shortLived = pgTable('short_lived', { id: integer().primaryKey() });

if (!isMainThread) {
  setTimeout(() => {
    throw new Error('this thread was to fail');
  }, 300);
}
