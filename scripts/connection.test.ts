import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onServer, PASSWORD, startTlsServer, type TlsServer } from '../db/connect/servers.fixture.ts';
import { openSession } from '../db/connect/session.ts';
import { type Pair, startPair } from '../db/connect/standby.fixture.ts';
import { fillDemo } from '../db/hrms/demo/demo.ts';
import { HRMS } from '../db/hrms/tables.ts';
import { migrate } from '../db/system/migrate.ts';
import { startQueue } from '../server/jobs/queue/queue.ts';
import { type CommandFolder, commandFolder } from './command/command-folder.fixture.ts';

let server: TlsServer;
let folder: CommandFolder;
let secure: string;
beforeAll(async () => {
  server = await startTlsServer();
  await server.present(server.certificates.trusted);
  const root = encodeURIComponent(server.certificates.ca);
  secure = `postgres://app:${encodeURIComponent(PASSWORD)}@localhost:${server.port}/app?sslmode=verify-full&sslrootcert=${root}&channel_binding=require`;
  await onServer(server.cluster, ['CREATE DATABASE spare OWNER app']);
  await migrate(secure, { application: HRMS });
  await migrate(secure.replace('/app?', '/spare?'), { application: HRMS });
  await fillDemo(secure, { staff: 40, seed: 1 });
  folder = await commandFolder(null);
}, 180_000);
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a silent backup says nothing at all, however the encrypted database is named', async () => {
  const { port, certificates, dir } = server;
  const word = PASSWORD.replaceAll(/['\\]/g, '\\$&');
  const url = `postgres://app:${encodeURIComponent(PASSWORD)}@localhost:${port}/app`;
  await writeFile(join(dir, 'url'), `${secure}\n`);
  await writeFile(join(dir, 'pass'), `localhost:${port}:app:app:${PASSWORD.replaceAll(/[\\:]/g, '\\$&')}\n`, {
    mode: 0o600,
  });
  await writeFile(
    join(dir, 'services'),
    `[hrms]\nhost=localhost\nport=${port}\ndbname=app\nuser=app\nsslmode=verify-ca\nsslrootcert=${certificates.ca}\n`,
  );
  const ways: Record<string, string>[] = [
    { DATABASE_URL: secure },
    { DATABASE_URL: `${url}?sslmode=require` },
    { DATABASE_URL: `${url}?sslmode=prefer` },
    { DATABASE_URL: `${url}?sslmode=no-verify` },
    {
      DATABASE_URL: `host=nowhere.invalid,localhost port=${port} user=app password='${word}' dbname=app sslmode=require`,
    },
    { DATABASE_URL_FILE: join(dir, 'url') },
    {
      PGHOST: 'localhost',
      PGPORT: String(port),
      PGUSER: 'app',
      PGDATABASE: 'app',
      PGPASSWORD: PASSWORD,
      PGSSLMODE: 'require',
    },
    { PGSERVICE: 'hrms', PGSERVICEFILE: join(dir, 'services'), PGPASSFILE: join(dir, 'pass') },
    { DATABASE_URL: 'postgres:///?service=hrms', PGSERVICEFILE: join(dir, 'services'), PGPASSFILE: join(dir, 'pass') },
  ];
  for (const env of ways)
    expect([env, await folder.run('backup', ['--silent'], env)]).toEqual([env, { code: 0, stdout: '', stderr: '' }]);
  const verbose = await folder.run('backup', ['--verbose'], { DATABASE_URL_FILE: join(dir, 'url') });
  expect(verbose.stdout + verbose.stderr).not.toContain('let me in');
  expect(verbose.stderr).toContain(`postgres://localhost:${port}/app`);
}, 180_000);

test('promise 2: a backup goes out and a restore comes in over an encrypted connection, and --into takes words too', async () => {
  expect(await folder.run('backup', ['--silent', '--name', 'kept'], { DATABASE_URL: secure })).toMatchObject({
    code: 0,
  });
  const word = PASSWORD.replaceAll(/['\\]/g, '\\$&');
  const into = `host=localhost port=${server.port} user=app password='${word}' dbname=spare sslmode=verify-full sslrootcert=${server.certificates.ca}`;
  const done = await folder.run('restore', ['kept', '--into', into, '--yes', '--silent'], { DATABASE_URL: secure });
  expect(done).toMatchObject({ code: 0, stderr: '' });
  const contents = async (url: string) => {
    await using session = await openSession(url, { applicationName: 'testing', signal: new AbortController().signal });
    return await session.query('SELECT * FROM public.staff ORDER BY id');
  };
  expect(await contents(secure.replace('/app?', '/spare?'))).toEqual(await contents(secure));
}, 120_000);

test('a failure names the place and the way out, and shows the password in no form, --verbose included', async () => {
  await server.present(server.certificates.selfSigned);
  const env = { DATABASE_URL: secure };
  const done = await folder.run('backup', ['--verbose'], env);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(`localhost:${server.port} (user "app", database "app")`);
  expect(done.stderr).toContain('sslrootcert=FILE');
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)])
    expect(done.stderr + done.stdout).not.toContain(secret);
  await server.present(server.certificates.trusted);
}, 60_000);

test('the queue works over an encrypted connection, its listening one included, and hears of a job at once', async () => {
  const taken = Promise.withResolvers<string>();
  const errors: unknown[] = [];
  const worker = await startQueue({ databaseUrl: secure, works: true, onError: (error) => errors.push(error) });
  await worker.work(1, async (id) => taken.resolve(id));
  const id = crypto.randomUUID();
  {
    await using session = await openSession(secure, {
      applicationName: 'testing',
      signal: new AbortController().signal,
    });
    await worker.send(session, id);
  }
  expect(await taken.promise).toBe(id);
  const plain = await onServer(server.cluster, [
    `SELECT count(*)::int AS n, count(*) FILTER (WHERE query ~ 'LISTEN')::int AS listening, bool_and(ssl) AS encrypted
      FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'palace-backup worker'`,
  ]);
  expect(plain).toEqual([{ n: expect.any(Number), listening: 1, encrypted: true }]);
  await worker.drain();
  await worker.stop();
  expect(errors).toEqual([]);
}, 60_000);

const ask = async (url: string, sql: string) => {
  await using session = await openSession(url, { applicationName: 'testing', signal: new AbortController().signal });
  return await session.query<Record<string, unknown>>(sql);
};

test('a hot standby is backed up like its primary, and a restore into it says what it is', async () => {
  const pair: Pair | null = await startPair(ask);
  if (pair === null) return;
  await using both = pair;
  await migrate(both.primary.adminUrl(), { application: HRMS });
  await fillDemo(both.primary.adminUrl(), { staff: 20, seed: 2 });
  await both.waitForReplay();
  const done = await folder.run('backup', ['--name', 'of-standby', '--silent'], {
    DATABASE_URL: both.standby.adminUrl(),
  });
  expect(done).toMatchObject({ code: 0 });
  const refused = await folder.run('restore', ['of-standby', '--yes'], { DATABASE_URL: both.standby.adminUrl() });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it is a standby')]);
  expect(
    (await folder.run('restore', ['of-standby', '--yes', '--silent'], { DATABASE_URL: both.primary.adminUrl() })).code,
  ).toBe(0);
}, 180_000);
