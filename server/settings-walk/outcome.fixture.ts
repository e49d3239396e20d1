import { faultCode } from '../../db/connect/database-error.ts';
import type { SessionSetting } from '../../db/connect/session-settings.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import type { TestDatabase } from '../../db/testing/database.ts';
import { settingsSql } from '../archive/recovery/settings-sql.ts';
import { OTHER_WRITES, PAUSE, type Proof } from './proofs.fixture.ts';

const WRITE = 'INSERT INTO public.counted VALUES (1)';

/** Returns what every step gave in a session configured by this list: its rows, or the SQLSTATE it failed with. */
export async function inSession(database: TestDatabase, proof: Proof, settings: SessionSetting[]): Promise<string[]> {
  await using session = await openWorkingSession(proof.superuser ? database.adminUrl : database.url, {
    applicationName: 'testing',
    signal: new AbortController().signal,
    settings,
  });
  await using _held = proof.held ? await holdTable(database, 300) : null;
  const found: string[] = [];
  for (const step of proof.steps) {
    if (step === PAUSE) await Bun.sleep(600);
    else if (step === OTHER_WRITES) await database.admin(WRITE);
    else
      found.push(
        await session.query(step).then(
          (rows) => JSON.stringify(rows),
          (error: unknown) => `failed: ${faultCode(error instanceof Error ? error.cause : error) ?? 'lost'}`,
        ),
      );
  }
  return found;
}

/** Returns what psql prints, and how it ends, when the steps follow what `restore.sql` says first. */
export async function byHand(database: TestDatabase, proof: Proof, settings: SessionSetting[]): Promise<string[]> {
  const url = proof.superuser ? database.adminUrl : database.url;
  const steps = proof.steps.map((step) => {
    if (step === PAUSE) return '\\! sleep 0.6';
    return step === OTHER_WRITES ? `\\! psql -X -q '${database.adminUrl}' -c '${WRITE}'` : `${step};`;
  });
  await using _held = proof.held ? await holdTable(database, 1500) : null;
  const script = new Response([settingsSql(settings), ...steps, ''].join('\n'));
  const ended = await Bun.$`psql -X -q -A -t ${url} < ${script}`.quiet().nothrow();
  return [String(ended.exitCode), ended.stdout.toString()];
}

/** Holds `public.held` for this long, from before this returns. */
async function holdTable(database: TestDatabase, ms: number): Promise<AsyncDisposable> {
  await database.admin('BEGIN; LOCK TABLE public.held');
  const done = Bun.sleep(ms).then(() => database.admin('COMMIT'));
  return {
    async [Symbol.asyncDispose]() {
      await done;
    },
  };
}
