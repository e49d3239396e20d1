import { asking } from '../../../db/connect/database-error.ts';
import { openTransaction } from '../../../db/connect/working-session.ts';
import type { Origin } from '../../../server/archive/manifest/origin.ts';
import { openArchive } from '../../../server/archive/reader.ts';
import { AppError } from '../../../server/core/errors.ts';
import {
  type AdministratorChanges,
  administratorsFromElsewhere,
  administratorsRefused,
  describeAdministrator,
  NAMED_ADMINISTRATORS,
} from '../../../server/library/administrators/administrators-from-elsewhere.ts';
import { chooseTables } from '../../../server/restore/choose-tables.ts';
import type { Storage } from '../../../server/storage/storage.ts';
import { formatCounted } from '../format.ts';

/** The flag that confirms changed administrators where nobody is asked. */
export const ADMINISTRATORS_FLAG = {
  kind: 'switch',
  help: 'with --yes: also where a backup from elsewhere would change who may sign in to the panel',
} as const;

const LOCK_WAIT = '5s';

/**
 * Returns how a restore of this backup would change the administrators, as `administratorsFromElsewhere` judges it. A file outside our
 * folders counts as sent by somebody. Throws what reading the backup throws.
 */
export async function readAdministrators(
  wanted: {
    /** Opens the archive, whatever name it is asked for. */
    opens: Pick<Storage, 'open'>;
    /** Storage and name of a stored archive; null for a file elsewhere. */
    stored: { storage: Storage; name: string } | null;
    tables: string[] | undefined;
    target: Origin;
    url: string;
    /** True when they may be changed unasked: then more of them than can be compared are left uncompared. */
    allowed: boolean;
  },
  signal: AbortSignal,
): Promise<AdministratorChanges> {
  const { opens, stored, tables, target, url, allowed } = wanted;
  const archive = stored?.name ?? 'the archive';
  await using source = await opens.open(archive);
  const { manifest } = await openArchive(source, { signal });
  const isForeign = stored === null || (await stored.storage.readSidecar(stored.name))?.kind === 'uploaded';
  const ask = async (text: string, params: unknown[]) => {
    await using session = await openTransaction(url, { applicationName: 'palace-backup restore confirm', signal });
    return await asking('reading the administrators', async () => {
      await session.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
      return await session.query<Record<string, unknown>>(text, params);
    });
  };
  return await administratorsFromElsewhere(
    { storage: opens, archive, manifest, tables: chooseTables(manifest, tables), isForeign, target, ask },
    signal,
  ).catch((error: unknown) => {
    if (allowed && error instanceof AppError && error.code === 'ARCHIVE_LIMIT')
      return { changes: [], hasAdministrators: true };
    throw error;
  });
}

/** Returns one line each for those who gain and those who lose access; none when nothing changes. */
export function administratorLines({ changes }: AdministratorChanges): string[] {
  if (changes.length === 0) return [];
  const more = changes.length > NAMED_ADMINISTRATORS ? [`  and ${changes.length - NAMED_ADMINISTRATORS} more`] : [];
  return [
    `It changes who may sign in to the panel, by ${formatCounted(changes.length, 'administrator')}:`,
    ...changes.slice(0, NAMED_ADMINISTRATORS).map((change) => `  ${describeAdministrator(change)}`),
    ...more,
  ];
}

/**
 * Throws RESTORE_REFUSED when an unattended restore would change existing administrators without the flag. An empty table may be filled
 * unasked: nobody's rights change, and a new server is set up so.
 */
export function refuseUnasked(
  { changes, hasAdministrators }: AdministratorChanges,
  label: string,
  allowed: boolean,
): void {
  if (allowed || !hasAdministrators || changes.length === 0) return;
  throw administratorsRefused(label, 'program', changes, {
    hint: 'If you know these people and mean it, add --change-administrators; otherwise name the other tables with --tables.',
  });
}

/** Returns the names for the operation's record. */
export function namedAdministrators({ changes }: AdministratorChanges) {
  return changes.slice(0, NAMED_ADMINISTRATORS).map(({ email, change, role }) => ({ email, change, role }));
}
