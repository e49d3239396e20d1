import { openTransaction } from '../../db/connect/working-session.ts';
import { openRecords } from '../../db/system/records.ts';
import { AppError } from '../../server/core/errors.ts';
import { createDesk, type Desk } from '../../server/jobs/queue/desk.ts';
import { writableRecords } from '../../server/jobs/records.ts';
import { type Audit, createAudit } from '../../server/security/audit/audit.ts';

/** The database's own records, for a command that reads or ends operations. */
export interface CommandRecords extends AsyncDisposable {
  desk: Pick<Desk, 'list' | 'cancel'>;
  audit: Audit;
}

/** Opens the records of a database. Throws CONFIG_INVALID when they do not exist, or this role may not write them. */
export async function openCommandRecords(databaseUrl: string, signal: AbortSignal): Promise<CommandRecords> {
  {
    await using session = await openTransaction(databaseUrl, { applicationName: 'palace-backup records', signal });
    if (!(await writableRecords(session)))
      throw new AppError('CONFIG_INVALID', 'This database holds no records of operations that this role may write.', {
        hint: 'Run `bun run scripts/migrate.ts` once as the owner of the tables; it makes the schema backup_system.',
      });
  }
  const now = () => new Date();
  const client = openRecords(databaseUrl, { connections: 1 });
  const { records } = client;
  // The worker skips a ticket whose record has ended, so there is none to withdraw from here.
  const queue = { send: async () => undefined, withdraw: async () => undefined };
  const feed = {
    watch: () => {
      throw new TypeError('a command watches no operation');
    },
  };
  const desk = createDesk({ databaseUrl, records, queue, feed, now, newId: () => crypto.randomUUID() });
  return { desk, audit: createAudit({ records, now }), [Symbol.asyncDispose]: () => client.close() };
}
