import { sql } from 'drizzle-orm';
import { asking, faultCode } from '../../db/failure.ts';
import { qualifiedName } from '../../db/model.ts';
import { admins } from '../../db/schema/hrms.ts';
import { compareOrigin, originInUrl, originOf } from '../archive/origin.ts';
import { openArchive } from '../archive/reader.ts';
import { readSignInRows, SIGN_IN_TABLE } from '../backup/sign-in-rows.ts';
import { AppError } from '../errors.ts';
import { readIdentity } from '../postgres/identity.ts';
import { chooseTables } from '../restore/choose-tables.ts';
import {
  type AdministratorChange,
  administratorChanges,
  confirmationOf,
  type SignInFacts,
} from '../security/administrator-changes.ts';
import type { Caller } from '../security/caller.ts';
import { askWith } from './ask.ts';
import type { ApiParts } from './parts.ts';

type Parts = Pick<ApiParts, 'storage' | 'records' | 'databaseAddress'>;

/** People whom a refusal names; the rest is counted. */
const NAMED = 50;
const LOCK_WAIT = '1s';

/**
 * Sees to it that a restore makes administrators of nobody unasked: where who may sign in would come from an uploaded archive or another
 * database, and would change, it must be confirmed by a signed-in person who was shown whom. Resolves with the changes that are confirmed.
 * Throws FORBIDDEN for tokens, and RESTORE_REFUSED with the changes and what confirms them.
 */
export async function confirmAdministrators(
  parts: Parts,
  caller: Caller,
  wanted: { archive: string; uploaded: boolean; tables: string[] | undefined; confirmation: string | undefined },
  signal: AbortSignal,
): Promise<AdministratorChange[]> {
  await using source = await parts.storage.open(wanted.archive);
  const { manifest, digest } = await openArchive(source, { signal });
  if (!chooseTables(manifest, wanted.tables).some((table) => qualifiedName(table) === SIGN_IN_TABLE)) return [];
  if (!wanted.uploaded && (await isOfThisDatabase(parts, manifest))) return [];
  const then = await readSignInRows(parts.storage, wanted.archive, manifest, signal);
  const changes = administratorChanges(await readNow(parts), then);
  if (changes.length === 0) return [];
  if (caller.kind !== 'session') throw forPeopleOnly(wanted.archive);
  const confirmation = confirmationOf(digest, changes);
  if (wanted.confirmation !== confirmation) throw notConfirmed(wanted.archive, changes, confirmation);
  return changes;
}

async function isOfThisDatabase(
  { records, databaseAddress }: Parts,
  manifest: Parameters<typeof originOf>[0],
): Promise<boolean> {
  const { database, systemIdentifier = null } = await readIdentity({ query: askWith(records) });
  const { host } = originInUrl(databaseAddress);
  return compareOrigin(originOf(manifest), { host, database, systemIdentifier }) === 'same';
}

/** Who may sign in now; nobody where the table is not there. */
async function readNow({ records }: Parts): Promise<SignInFacts[]> {
  try {
    return await records.transaction(async (tx) => {
      await tx.execute(sql.raw(`SET LOCAL lock_timeout = '${LOCK_WAIT}'; SET LOCAL search_path = public`));
      return await tx
        .select({
          id: admins.id,
          email: admins.email,
          password: admins.password,
          role: admins.role,
          isActive: admins.isActive,
        })
        .from(admins);
    });
  } catch (error) {
    const code = faultCode(error);
    if (code === '42P01' || code === '3F000' || code === '42703') return [];
    return await asking('reading the administrators', () => Promise.reject(error));
  }
}

function forPeopleOnly(archive: string): AppError {
  return new AppError('FORBIDDEN', `Restoring ${archive} would change who may sign in, which no token may confirm.`, {
    hint: 'Sign in and start it yourself, or leave the table admins out by naming the others.',
    details: { table: SIGN_IN_TABLE },
  });
}

function notConfirmed(archive: string, changes: AdministratorChange[], confirmation: string): AppError {
  const named = changes.slice(0, 5).map(describe).join(', ');
  const more = changes.length > 5 ? ` and ${changes.length - 5} more` : '';
  return new AppError(
    'RESTORE_REFUSED',
    `${archive} was not made of this database by this server, and restoring it would change who may sign in: ${named}${more}.`,
    {
      hint: 'If you know these people and mean it, confirm them; otherwise leave the table admins out by naming the others.',
      details: {
        administrators: changes.slice(0, NAMED),
        more: Math.max(0, changes.length - NAMED),
        confirmAdministrators: confirmation,
      },
    },
  );
}

function describe({ email, change, role, roleNow, what }: AdministratorChange): string {
  if (change === 'new') return `${email} (new, ${role})`;
  if (change === 'removed') return `${email} (removed)`;
  return `${email} (${what.map((one) => (one === 'role' ? `${roleNow} becomes ${role}` : `another ${one}`)).join(', ')})`;
}
