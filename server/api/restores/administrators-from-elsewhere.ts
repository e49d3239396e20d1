import { qualifiedName } from '../../../db/model/model.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { compareOrigin, type Origin, originOf } from '../../archive/manifest/origin.ts';
import { readSignInRows, SIGN_IN_TABLE } from '../../library/rows/sign-in-rows.ts';
import type { Ask } from '../../postgres/database-status.ts';
import { chooseTables } from '../../restore/choose-tables.ts';
import {
  type AdministratorChange,
  administratorChanges,
  type SignInFacts,
} from '../../security/administrator-changes.ts';
import type { Storage } from '../../storage/storage.ts';

/** A restore that is about to be asked for. */
export interface WantedRestore {
  /** What opens the archive, and the name it has there. */
  storage: Pick<Storage, 'open'>;
  archive: string;
  manifest: Manifest;
  /** All of the archive when absent. */
  tables: string[] | undefined;
  /** Whether somebody sent it, so that its manifest is its sender's word. */
  isForeign: boolean;
  /** The database it goes into. */
  target: Origin;
  /** Asks that database, and waits for no lock longer than a moment. */
  ask: Ask;
}

export interface AdministratorChanges {
  changes: AdministratorChange[];
  /** Whether the table has a row now. */
  isAnybodyThere: boolean;
}

const NONE: AdministratorChanges = { changes: [], isAnybodyThere: false };

/**
 * Finds who would be an administrator after a restore, and who no more, where that would come from an archive somebody sent or from another
 * database. None where this database made the archive itself, or the restore leaves them alone. Throws what reading the archive says.
 */
export async function administratorsFromElsewhere(
  { storage, archive, manifest, tables, isForeign, target, ask }: WantedRestore,
  signal: AbortSignal,
): Promise<AdministratorChanges> {
  if (!chooseTables(manifest, tables).some((table) => qualifiedName(table) === SIGN_IN_TABLE)) return NONE;
  if (!isForeign && manifest.kind !== 'uploaded' && compareOrigin(originOf(manifest), target) === 'same') return NONE;
  const now = await readNow(ask);
  if (now === null) return NONE;
  const then = await readSignInRows(storage, archive, manifest, signal);
  return { changes: administratorChanges(now, then), isAnybodyThere: now.length > 0 };
}

/** Says it of one administrator: `maria@owu.example (VIEWER becomes SUPER_ADMIN)`. */
export function describeAdministrator({ email, change, role, roleNow, what }: AdministratorChange): string {
  if (change === 'new') return `${email} (new, ${role})`;
  if (change === 'removed') return `${email} (removed)`;
  return `${email} (${what.map((one) => (one === 'role' ? `${roleNow} becomes ${role}` : `another ${one}`)).join(', ')})`;
}

const COLUMNS = ['id', 'email', 'password', 'role', 'isActive'];

/** Who may sign in now; null where the table is not one that the sign-in could read, which no restore changes. */
async function readNow(ask: Ask): Promise<SignInFacts[] | null> {
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
