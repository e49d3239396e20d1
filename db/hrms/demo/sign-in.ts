import { openSession } from '../../connect/session.ts';
import { configureTransaction } from '../../connect/working-session.ts';
import { DEMO_ADMINISTRATOR, DEMO_PASSWORD, DEMO_PASSWORD_HASH } from './people.ts';

/**
 * Returns how to sign in to a database with demo data. Null when its super administrator is gone or has another password, as after a
 * restore. Waits one second for a locked table; throws what `databaseError` makes of a failure.
 */
export async function demoSignIn(url: string): Promise<{ email: string; password: string } | null> {
  await using session = await openSession(url, {
    applicationName: 'palace-backup demo',
    signal: new AbortController().signal,
  });
  await session.query('BEGIN READ ONLY');
  await configureTransaction(session);
  await session.query('SET LOCAL lock_timeout = 1000');
  const [there] = await session.query<{ there: boolean }>(`SELECT to_regclass('public.admins') IS NOT NULL AS there`);
  if (!there?.there) return null;
  const found = await session.query(
    `SELECT 1 FROM public.admins WHERE email = $1 AND password = $2 AND "isActive" AND role = 'SUPER_ADMIN'`,
    [DEMO_ADMINISTRATOR, DEMO_PASSWORD_HASH],
  );
  return found.length > 0 ? { email: DEMO_ADMINISTRATOR, password: DEMO_PASSWORD } : null;
}
