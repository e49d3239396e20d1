import { sql } from 'drizzle-orm';
import { asking } from '../../../db/connect/database-error.ts';
import { originInUrl } from '../../archive/manifest/origin.ts';
import { openArchive } from '../../archive/reader.ts';
import { AppError } from '../../core/errors.ts';
import type { AdministratorChange } from '../../library/administrators/administrator-changes.ts';
import {
  administratorsFromElsewhere,
  administratorsRefused,
} from '../../library/administrators/administrators-from-elsewhere.ts';
import { SIGN_IN_TABLE } from '../../library/administrators/sign-in-rows.ts';
import { readIdentity } from '../../postgres/catalog/identity.ts';
import type { Ask } from '../../postgres/database-status.ts';
import { chooseTables } from '../../restore/choose-tables.ts';
import type { Caller } from '../../security/caller.ts';
import { sha256 } from '../../security/sha256.ts';
import { askWith } from '../ask.ts';
import type { ApiParts } from '../parts.ts';

type Parts = Pick<ApiParts, 'storage' | 'records' | 'databaseAddress'>;

const LOCK_WAIT = '1s';

/**
 * Makes sure that a restore changes administrators only when confirmed: for an uploaded archive, or one of another
 * database, a signed-in person who was shown the changes must confirm them. Returns the confirmed changes.
 *
 * Throws FORBIDDEN for tokens, and RESTORE_REFUSED with the changes and their confirmation.
 */
export async function confirmAdministrators(
  parts: Parts,
  caller: Caller,
  wanted: { archive: string; uploaded: boolean; tables: string[] | undefined; confirmation: string | undefined },
  signal: AbortSignal,
): Promise<AdministratorChange[]> {
  const { storage, records, databaseAddress } = parts;
  const { archive, uploaded } = wanted;
  await using source = await storage.open(archive);
  const { manifest, digest } = await openArchive(source, { signal });
  const ask = askShortly(records);
  const { database, systemIdentifier = null } = await readIdentity({ query: ask });
  const target = { host: originInUrl(databaseAddress).host, database, systemIdentifier };
  const tables = chooseTables(manifest, wanted.tables);
  const { changes } = await administratorsFromElsewhere(
    { storage, archive, manifest, tables, isForeign: uploaded, target, ask },
    signal,
  );
  if (changes.length === 0) return [];
  if (caller.kind !== 'session') throw forPeopleOnly(archive);
  const confirmation = confirmationOf(digest, changes);
  if (wanted.confirmation !== confirmation)
    throw administratorsRefused(archive, 'server', changes, {
      hint: 'If you know these people and mean it, confirm them; otherwise leave the table admins out by naming the others.',
      details: { confirmAdministrators: confirmation },
    });
  return changes;
}

/**
 * Runs each statement in a transaction of its own, with a short lock timeout, so that a restore under way does not keep
 * it waiting.
 */
function askShortly(records: Parts['records']): Ask {
  return (text, params) =>
    asking('reading the administrators', () =>
      records.transaction(async (tx) => {
        await tx.execute(sql.raw(`SET LOCAL lock_timeout = '${LOCK_WAIT}'; SET LOCAL search_path = ''`));
        return await askWith(tx)(text, params);
      }),
    );
}

/** Returns the confirmation of exactly these changes by this archive; any other change or archive has another one. */
function confirmationOf(digest: string, changes: readonly AdministratorChange[]): string {
  return sha256(JSON.stringify([digest, changes])).slice(0, 32);
}

function forPeopleOnly(archive: string): AppError {
  return new AppError('FORBIDDEN', `Restoring ${archive} would change who may sign in, which no token may confirm.`, {
    hint: 'Sign in and start it yourself, or leave the table admins out by naming the others.',
    details: { table: SIGN_IN_TABLE },
  });
}
