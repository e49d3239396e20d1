import { qualifiedName } from '../../../db/model/model.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { comparedAs, readRows } from '../../archive/rows/read-rows.ts';
import { AppError } from '../../core/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { readTableChunk } from '../rows/table-chunk.ts';

/** The facts of an administrator that decide about signing in, and with which rights; what an archive lacks is null. */
export interface SignInRow {
  id: string | null;
  email: string | null;
  password: string | null;
  role: string | null;
  isActive: boolean;
}

/** Table whose rows decide who may sign in, and in which role. */
export const SIGN_IN_TABLE = 'public.admins';
/** Most rows read: more administrators than a person could review. */
const MOST_ROWS = 10_000;

/**
 * Reads who could sign in after a restore of this archive. Throws ARCHIVE_LIMIT when they are too many to list, and
 * what reading the chunks throws.
 */
export async function readSignInRows(
  storage: Pick<Storage, 'open'>,
  archive: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<SignInRow[]> {
  const table = manifest.tables.find((one) => qualifiedName(one) === SIGN_IN_TABLE);
  if (!table) return [];
  if (table.rows > MOST_ROWS) throw tooMany(table.rows);
  const found: SignInRow[] = [];
  for (let chunk = 1; ; chunk++) {
    signal.throwIfAborted();
    const { columns, chunks, held } = await readTableChunk(storage, { archive, table: SIGN_IN_TABLE, chunk }, signal);
    if (held === null) return found;
    const indexes = new Map(columns.map(({ name }, index) => [name, index]));
    for (const row of readRows(held.entry, held.content, columns, comparedAs(manifest))) {
      const of = (name: string) => row[indexes.get(name) ?? -1] ?? null;
      found.push({
        id: of('id'),
        email: of('email'),
        password: of('password'),
        role: of('role'),
        // A missing column would get its default, which lets people in.
        isActive: of('isActive') !== 'f',
      });
      if (found.length > MOST_ROWS) throw tooMany(found.length);
    }
    if (chunk === chunks.length) return found;
  }
}

function tooMany(rows: number): AppError {
  return new AppError(
    'ARCHIVE_LIMIT',
    `The backup holds ${rows} administrators; up to ${MOST_ROWS} can be compared with those of today.`,
    {
      hint: 'Restore the other tables by naming them, or all on the command line of the server with --change-administrators.',
    },
  );
}
