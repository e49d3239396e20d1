import { sql } from 'drizzle-orm';
import type { Records } from '../../db/records.ts';
import type { Ask } from '../postgres/database-status.ts';

/** Short statements over the pool of our records. */
export function askWith(records: Records): Ask {
  return async (text, params) => {
    const pieces = text.split(/\$\d+/);
    const query = sql.join(
      pieces.flatMap((piece, index) => (index === 0 ? [sql.raw(piece)] : [sql`${params[index - 1]}`, sql.raw(piece)])),
    );
    return [...(await records.execute(query))];
  };
}
