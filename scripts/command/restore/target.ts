import { maskDatabaseUrl } from '../../../db/connect/mask-url.ts';
import { openSession } from '../../../db/connect/session.ts';
import { compareOrigin, type Origin, originInUrl, originText } from '../../../server/archive/manifest/origin.ts';
import { readIdentity } from '../../../server/postgres/catalog/identity.ts';

/** The database a backup goes into, as the server names it. */
export type Target = Origin & { database: string };

/** Asks the server for the database's name, since a connection string need not hold it. */
export async function readTarget(url: string, signal: AbortSignal): Promise<Target> {
  await using session = await openSession(url, { applicationName: 'palace-backup restore confirm', signal });
  const { database, systemIdentifier } = await readIdentity(session);
  return { host: originInUrl(maskDatabaseUrl(url)).host, database, systemIdentifier: systemIdentifier ?? null };
}

/** Says that a backup was made of another database than the one it goes into; null when it was made of this one. */
export function describeOrigin(from: Origin, target: Origin): string | null {
  const compared = compareOrigin(from, target);
  if (compared === 'same') return null;
  const [made, here] = [originText(from), originText(target)];
  if (made === null) return 'This backup does not say which database it was made of.';
  if (compared === 'unknown') return `This backup was made of ${made}; whether that is ${here} cannot be told.`;
  // Same name, same address, but another server: only its identifier shows that.
  const [one, other] = made === here ? [from, target].map((each) => originText({ ...each, host: null })) : [made, here];
  return `This backup was made of ANOTHER database: ${one}. It goes into ${other}.`;
}
