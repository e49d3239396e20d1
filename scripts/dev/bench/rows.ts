import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../../server/core/errors.ts';
import type { Bench } from './bench.ts';

/** Throws UNEXPECTED when a restored database lacks rows: a restore that was quick because it left something out does not count. */
export async function refuseOtherRows(bench: Bench, database: string, label: string): Promise<void> {
  const counts = bench.tables.map((name) => `(SELECT count(*) FROM ${quoteName({ schema: 'public', name })})`);
  const [row] = await bench.server.query<{ rows: string }>(database, `SELECT (${counts.join(' + ')})::text AS rows`);
  if (Number(row?.rows) === bench.rows) return;
  throw new AppError('UNEXPECTED', `After ${label} the database holds ${row?.rows} rows, not ${bench.rows}.`);
}
