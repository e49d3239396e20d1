import { qualifiedName } from '../../../db/model/model.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';
import { compareOrigin, type Origin, originOf } from '../../archive/manifest/origin.ts';
import { AppError } from '../../core/errors.ts';
import type { Ask } from '../../postgres/database-status.ts';
import type { Storage } from '../../storage/storage.ts';
import { type AdministratorChange, administratorChanges } from './administrator-changes.ts';
import { readSignInRows, SIGN_IN_TABLE, type SignInRow } from './sign-in-rows.ts';

/** A restore about to be requested. */
export interface WantedRestore {
  /** The storage that opens the archive, and the archive's name there. */
  storage: Pick<Storage, 'open'>;
  archive: string;
  manifest: Manifest;
  /** The tables to restore. */
  tables: ManifestTable[];
  /** True when somebody uploaded it, so that its manifest is its sender's word. */
  isForeign: boolean;
  /** The database to restore into. */
  target: Origin;
  /** Queries that database, and waits for no lock longer than a moment. */
  ask: Ask;
}

export interface AdministratorChanges {
  changes: AdministratorChange[];
  /** True when the table has a row now. */
  hasAdministrators: boolean;
}

const NONE: AdministratorChanges = { changes: [], hasAdministrators: false };

/**
 * Compares the administrators now and after a restore, when the archive was uploaded or made of another database.
 * Returns no changes for this database's own archive, or when the restore leaves them alone. Throws what reading the
 * archive throws.
 */
export async function administratorsFromElsewhere(
  { storage, archive, manifest, tables, isForeign, target, ask }: WantedRestore,
  signal: AbortSignal,
): Promise<AdministratorChanges> {
  if (!tables.some((table) => qualifiedName(table) === SIGN_IN_TABLE)) return NONE;
  if (!isForeign && manifest.kind !== 'uploaded' && compareOrigin(originOf(manifest), target) === 'same') return NONE;
  const now = await readNow(ask);
  if (now === null) return NONE;
  const then = await readSignInRows(storage, archive, manifest, signal);
  return { changes: administratorChanges(now, then), hasAdministrators: now.length > 0 };
}

/** Describes one change: `maria@owu.example (VIEWER becomes SUPER_ADMIN)`. */
export function describeAdministrator({ email, change, role, roleNow, what }: AdministratorChange): string {
  if (change === 'new') return `${email} (new, ${role})`;
  if (change === 'removed') return `${email} (removed)`;
  return `${email} (${what.map((one) => (one === 'role' ? `${roleNow} becomes ${role}` : `another ${one}`)).join(', ')})`;
}

/** Most people named one by one in a question, a refusal's details or a record; the rest is counted. */
export const NAMED_ADMINISTRATORS = 50;

/** Returns the refusal of an unconfirmed restore, naming the first people in its message. `by` says of what the backup is not the work. */
export function administratorsRefused(
  archive: string,
  by: 'program' | 'server',
  changes: readonly AdministratorChange[],
  { hint, details = {} }: { hint: string; details?: Record<string, unknown> },
): AppError {
  const named = changes.slice(0, 5).map(describeAdministrator).join(', ');
  const more = changes.length > 5 ? ` and ${changes.length - 5} more` : '';
  return new AppError(
    'RESTORE_REFUSED',
    `${archive} was not made of this database by this ${by}, and restoring it would change who may sign in: ${named}${more}.`,
    {
      hint,
      details: {
        administrators: changes.slice(0, NAMED_ADMINISTRATORS),
        more: Math.max(0, changes.length - NAMED_ADMINISTRATORS),
        ...details,
      },
    },
  );
}

const COLUMNS = ['id', 'email', 'password', 'role', 'isActive'];

/**
 * Reads the administrators now; null when signing in could not read the table, because then no restore changes who may
 * sign in.
 */
async function readNow(ask: Ask): Promise<SignInRow[] | null> {
  const [readable] = await ask(
    `SELECT count(*)::int AS columns FROM pg_catalog.pg_attribute
      WHERE attrelid = pg_catalog.to_regclass('public.admins') AND attnum > 0 AND NOT attisdropped
        AND attname = ANY (ARRAY[${COLUMNS.map((name) => `'${name}'`).join(', ')}])`,
    [],
  );
  if (readable?.['columns'] !== COLUMNS.length) return null;
  const rows = await ask('SELECT id, email, password, role::text AS role, "isActive" FROM public.admins', []);
  return rows.map((row) => ({
    id: textOf(row['id']),
    email: textOf(row['email']),
    password: textOf(row['password']),
    role: textOf(row['role']),
    isActive: row['isActive'] === true,
  }));
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
