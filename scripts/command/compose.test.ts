import { describe, expect, test } from 'bun:test';
import { accountName } from '../../db/connect/account.ts';
import { AppError } from '../../server/core/errors.ts';
import { commandActor, configFor, openDatabase } from './compose.ts';

const signal = new AbortController().signal;

const env = {
  DATABASE_URL: 'postgres://a:b@pooler:6543/palace',
  DATABASE_DIRECT_URL: 'postgres://a:b@db:5432/palace',
  BACKUP_DIR: '/srv/backups',
  BACKUP_COMPRESSION: 'zstd',
  BACKUP_LEVEL: '19',
};

describe('configFor()', () => {
  test('takes settings, and flags before settings', () => {
    expect(configFor(env)).toMatchObject({ backupDir: '/srv/backups', backupCompression: 'zstd', backupLevel: 19 });
    const flags = { output: '/mnt', compression: 'deflate', level: 6, jobs: 3 };
    expect(configFor(env, flags)).toMatchObject({
      backupDir: '/mnt',
      backupCompression: 'deflate',
      backupLevel: 6,
      backupJobs: 3,
    });
  });

  test('does not give one method the level that was set for another', () => {
    expect(configFor(env, { compression: 'deflate' }).backupLevel).toBeNull();
    expect(configFor(env, { compression: 'zstd' }).backupLevel).toBe(19);
  });

  test('--into is another database altogether: the direct address of the settings is not used for it', async () => {
    const into = 'postgres://c:d@other/copy';
    await using database = await openDatabase(configFor(env, { into }), { demo: false, signal });
    expect(database.url).toBe(into);
    await using own = await openDatabase(configFor(env), { demo: false, signal });
    expect(own.url).toBe(env.DATABASE_DIRECT_URL);
  });

  test('a database that is not named is refused, and not taken from the folder, however its absence is written', async () => {
    for (const given of [{}, { DATABASE_URL: '' }, { DATABASE_URL: '   ' }, { DATABASE_URL: '\t\n' }, { PGHOST: '' }]) {
      const refused = openDatabase(configFor(given), { demo: false, signal });
      await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('--demo') });
    }
    for (const [name, value] of Object.entries({ PGHOST: 'db', PGHOSTADDR: '10.0.0.1', PGDATABASE: 'hrms' })) {
      await using database = await openDatabase(configFor({ [name]: value }), { demo: false, signal });
      expect(database.url).toContain(value);
    }
  });

  test('--demo and --into cannot both be meant', () => {
    expect(() => configFor(env, { into: 'postgres://db/x', demo: true })).toThrow('--into and --demo');
  });

  test('an --into that cannot be read is USAGE that names the flag and repeats no secret', () => {
    try {
      configFor(env, { into: 'mysql://me:hunter2@x/y' });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      const { code, message } = error as AppError;
      expect(code).toBe('USAGE');
      expect(message).toContain('--into');
      expect(message).not.toContain('hunter2');
    }
    const faulty = [{ PGPORT: 'x' }, { PGSSLMODE: 'x' }, { PGCONNECT_TIMEOUT: 'x' }];
    for (const more of faulty)
      expect(() => configFor({ ...env, ...more }, { into: 'postgres://db/x' })).toThrow(/^--into (?!.*DATABASE_URL)/);
  });
});

test('commandActor() says who, as whom, and where', () => {
  expect(commandActor({ USER: 'maria' })).toMatch(/^maria@.+ \(command line\)$/);
  expect(commandActor({ USER: 'root', SUDO_USER: 'maria' })).toStartWith('maria as root@');
  expect(commandActor({ LOGNAME: 'cron' })).toStartWith('cron@');
  expect(commandActor({})).toStartWith(`${accountName()}@`);
});
