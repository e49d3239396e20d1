import { describe, expect, test } from 'bun:test';
import { AppError } from '../../server/core/errors.ts';
import { openRecords } from '../system/records.ts';
import { rejection } from '../testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { testServers } from '../testing/servers.ts';
import { SESSION_SETTINGS, type SessionSetting } from './session-settings.ts';
import { openWorkingSession } from './working-session.ts';

/** For each setting, a value other than the one a session needs. */
const HOSTILE: Record<string, string> = {
  statement_timeout: '200ms',
  lock_timeout: '200ms',
  idle_in_transaction_session_timeout: '200ms',
  idle_session_timeout: '200ms',
  transaction_timeout: '200ms',
  exit_on_error: 'on',
  client_encoding: 'LATIN1',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  lc_monetary: 'C.UTF-8',
  xmloption: 'document',
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
  search_path: 'public, pg_catalog',
  default_tablespace: 'pg_default',
  default_table_access_method: 'heap2',
  row_security: 'on',
  session_replication_role: 'replica',
  zero_damaged_pages: 'on',
  ignore_checksum_failure: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  synchronous_commit: 'off',
  synchronize_seqscans: 'on',
  max_parallel_workers_per_gather: '7',
  jit: 'on',
};

const options = () => ({ applicationName: 'testing', signal: new AbortController().signal });

for (const server of testServers()) {
  describe(`sessions on server ${server}`, () => {
    test('a limit of the server that is met is named by its setting', async () => {
      await using database = await testDatabase({ server });
      const alter = `ALTER DATABASE ${database.name} SET`;
      await database.admin(`${alter} temp_file_limit = 0; ${alter} work_mem = '64kB'`);
      const work = async () => {
        await using session = await openWorkingSession(database.url, options());
        await session.query(
          'SELECT max(n) FROM (SELECT n FROM generate_series(1, 100000) AS n ORDER BY -n OFFSET 1) AS s',
        );
      };
      expect(await rejection(work())).toMatchObject({
        message: expect.stringContaining('temp_file_limit'),
        hint: expect.stringContaining('SET temp_file_limit ='),
      });
    });

    test('promise 2: a session has every setting of the list, whatever the role, the database and both together say', async () => {
      await using database = await testDatabase({ server });
      await database.admin('CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler');
      for (const where of [`DATABASE ${database.name}`, `ROLE postgres IN DATABASE ${database.name}`]) {
        for (const setting of known(server)) await alter(database, where, setting);
        await using session = await openWorkingSession(database.adminUrl, options());
        const found: Record<string, unknown> = {};
        for (const { name } of known(server)) {
          const [row] = await session.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
          found[name] = row?.value;
        }
        expect(found).toEqual(Object.fromEntries(known(server).map(({ name, value }) => [name, value])));
      }
    });

    test('every setting of the list is one the server has, under this very name, but for those it is too old for', async () => {
      await using database = await testDatabase({ server });
      const named = await database.admin<{ name: string }>('SELECT name FROM pg_settings');
      const names = new Set(named.map(({ name }) => name));
      for (const setting of SESSION_SETTINGS)
        expect([setting.name, names.has(setting.name)]).toEqual([setting.name, has(server, setting)]);
    });

    test('a setting that the role may not set and that is otherwise is refused by its name, with the statement that takes it back', async () => {
      await using database = await testDatabase({ server });
      for (const setting of known(server).filter((one) => one.superuser)) {
        await alter(database, `DATABASE ${database.name}`, setting);
        const failure = await openWorkingSession(database.url, options()).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(AppError);
        expect((failure as AppError).message).toContain(`the setting ${setting.name} to be ${setting.value}`);
        expect((failure as AppError).hint).toContain(`ALTER DATABASE "${database.name}" RESET ${setting.name}`);
        await database.admin(`ALTER DATABASE ${database.name} RESET ALL`);
      }
      await using session = await openWorkingSession(database.url, options());
      expect(session.serverVersion).toBeGreaterThan(Number(server) * 10_000 - 1);
    });

    test('no timeout of the role ends work, its first statements included', async () => {
      await using database = await testDatabase({ server });
      for (const setting of known(server).filter(({ name }) => name.endsWith('_timeout')))
        await database.admin(
          `ALTER DATABASE ${database.name} SET ${setting.name} = '${setting.name.startsWith('idle') ? 200 : 50}ms'`,
        );
      await using session = await openWorkingSession(database.url, options());
      await session.query('BEGIN');
      await session.query('SELECT pg_sleep(0.3)');
      await Bun.sleep(300);
      await session.query('COMMIT');
      await Bun.sleep(300);
      expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    test('promise 2: our own records are read and written the same, whatever the database says', async () => {
      await using database = await testDatabase({ server, template: 'hrms' });
      for (const setting of known(server).filter((one) => !one.superuser && !one.name.startsWith('default_table')))
        await alter(database, `DATABASE ${database.name}`, setting);
      const { records, close } = openRecords(database.url, { connections: 1 });
      const at = new Date('2026-02-03T04:05:06.789Z');
      await records.execute(`CREATE TABLE public.probe (at timestamptz, raw bytea)`);
      await records.execute(`INSERT INTO public.probe VALUES ('${at.toISOString()}', '\\x00ff')`);
      const [row] = await records.execute<{ at: string; raw: Uint8Array }>('SELECT * FROM public.probe');
      await close();
      expect([new Date(String(row?.at)), Buffer.from(row?.raw ?? []).toString('hex')]).toEqual([at, '00ff']);
    });
  });
}

function has(server: string, { since }: SessionSetting): boolean {
  return since === undefined || since <= Number(server) * 10_000;
}

function known(server: string): SessionSetting[] {
  return SESSION_SETTINGS.filter((setting) => has(server, setting));
}

async function alter(database: TestDatabase, where: string, { name }: SessionSetting): Promise<void> {
  const value = HOSTILE[name];
  if (value === undefined) throw new Error(`no other value is known for ${name}`);
  await database.admin(`ALTER ${where} SET ${name} = ${name === 'search_path' ? value : `'${value}'`}`);
}
