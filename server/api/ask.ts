import { sql } from 'drizzle-orm';
import { asking } from '../../db/connect/database-error.ts';
import type { Records } from '../../db/system/records.ts';
import type { Ask } from '../postgres/database-status.ts';

/**
 * Runs short statements over the pool of our records; parameters appear in order, each once. Throws what
 * `databaseError` makes of a failure.
 */
export function askWith(records: Pick<Records, 'execute'>): Ask {
  return async (text, params) => {
    const [first = '', ...pieces] = text.split(/\$\d+/);
    const query = sql.join([
      sql.raw(first),
      ...pieces.flatMap((piece, index) => [sql`${params[index]}`, sql.raw(piece)]),
    ]);
    return await asking('asking the database about itself', async () => [...(await records.execute(query))]);
  };
}
