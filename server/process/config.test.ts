import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { readConfig, SETTING_NAMES, secretsOf } from './config.ts';

function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env, 4);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.details?.faults as string[];
    throw error;
  }
  return [];
}

describe('readConfig()', () => {
  test('needs nothing: every setting has a default', () => {
    expect(readConfig({}, 4)).toEqual({
      databaseUrl: null,
      databaseDirectUrl: null,
      backupDir: './backups',
      backupSchema: null,
      backupCasing: null,
      backupExclude: null,
      strictExit: false,
      backupJobs: 4,
      backupCompression: 'deflate',
      backupLevel: null,
      lockTimeoutMs: 2000,
      lockGiveUpMs: 60_000,
      port: 3000,
      host: '127.0.0.1',
      nodeEnv: 'development',
      role: 'all',
      secretKey: null,
      publicUrl: null,
      trustedProxies: [],
      corsOrigins: [],
      tls: null,
      maxUploadBytes: 104_857_600,
      maxWaitingUploads: 20,
      maxWaitingBytes: null,
      sessionDays: 14,
      operationDays: 365,
      planKeepMs: 3_600_000,
      stallMs: 1_800_000,
      workerOperations: 2,
      workerNiceness: 10,
      memoryLimitMb: null,
      workerMemoryLimitMb: null,
      logLevel: 'info',
      logFile: null,
      metricsToken: null,
    });
  });

  test('reads lists of proxies and origins, and names the one that cannot be one', () => {
    const read = readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, ::1', CORS_ORIGINS: 'https://hrms.example.org' });
    expect(read.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(read.corsOrigins).toEqual(['https://hrms.example.org']);
    expect(faultsOf({ TRUSTED_PROXIES: '10.0.0.0/8,elsewhere' })[0]).toStartWith('TRUSTED_PROXIES must be addresses');
    expect(faultsOf({ CORS_ORIGINS: 'https://hrms.example.org/path' })[0]).toStartWith('CORS_ORIGINS must be origins');
  });

  test('takes certificate and key together, and a public address without a path', () => {
    expect(readConfig({ TLS_CERT: 'a.pem', TLS_KEY: 'a.key' }).tls).toEqual({ certFile: 'a.pem', keyFile: 'a.key' });
    expect(faultsOf({ TLS_CERT: 'a.pem' })).toEqual(['TLS_CERT and TLS_KEY go together']);
    expect(readConfig({ PUBLIC_URL: 'https://backup.example.org/' }).publicUrl).toBe('https://backup.example.org');
    expect(faultsOf({ PUBLIC_URL: 'https://backup.example.org/x' })[0]).toContain('must not have a path');
    expect(faultsOf({ PUBLIC_URL: 'backup' })).toEqual([expect.stringMatching(/^PUBLIC_URL must look like/)]);
  });

  test('never repeats a secret that cannot be used', () => {
    expect(faultsOf({ SECRET_KEY: 'tooshort', METRICS_TOKEN: 'short' }).join()).not.toContain('short;');
    expect(faultsOf({ SECRET_KEY: 'tooshort', METRICS_TOKEN: 'short' }).join()).not.toContain('tooshort');
  });

  test('takes as many jobs as there are cores, from 2 to 8', () => {
    expect([1, 3, 64].map((cores) => readConfig({}, cores).backupJobs)).toEqual([2, 3, 8]);
  });

  test('uses DATABASE_URL for jobs too unless DATABASE_DIRECT_URL is set', () => {
    const url = 'postgres://a:b@pooler:6432/hrms';
    expect(readConfig({ DATABASE_URL: url }).databaseDirectUrl).toBe(url);
    const direct = 'postgres://a:b@db:5432/hrms';
    expect(readConfig({ DATABASE_URL: url, DATABASE_DIRECT_URL: direct }).databaseDirectUrl).toBe(direct);
  });

  test('takes sockets, parameters and escaped passwords in connection strings', () => {
    for (const url of [
      'postgres:///hrms?host=/run/postgresql',
      'postgresql://u:p%40%2F@h/d?sslmode=require',
      'postgres://h',
    ]) {
      expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
    }
  });

  test('takes an address from a file, its last line end cut, and never both the file and the setting', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config '));
    const file = join(folder, 'url');
    await Bun.write(file, 'postgres://a:b@db/hrms\n');
    expect(readConfig({ DATABASE_URL_FILE: file }).databaseDirectUrl).toBe('postgres://a:b@db/hrms');
    expect(faultsOf({ DATABASE_URL_FILE: file, DATABASE_URL: 'postgres://h/d' })[0]).toContain('cannot both be set');
    await Bun.write(file, 'postgres://h/d\npostgres://h/d\n');
    expect(faultsOf({ DATABASE_URL_FILE: file })[0]).toContain(
      'DATABASE_URL_FILE holds must be one address on one line',
    );
    await Bun.write(file, 'nonsense');
    expect(faultsOf({ DATABASE_URL_FILE: file })[0]).toStartWith('what the file of DATABASE_URL_FILE holds must look');
    await Bun.write(file, '\n');
    expect(faultsOf({ DATABASE_URL_FILE: file })[0]).toContain('an empty file');
    expect(secretsOf({ DATABASE_URL_FILE: join(folder, 'none'), PGPASSWORD: "it's" })).toEqual(["password='it\\'s'"]);
    await rm(folder, { recursive: true });
  });

  test('completes addresses by the variables of psql; only those that name a database make one alone', () => {
    const env = { PGUSER: 'anna', PGPASSWORD: 'hunter2', PGSSLMODE: 'require' };
    expect(readConfig(env).databaseUrl).toBeNull();
    expect(readConfig({ ...env, DATABASE_URL: 'postgres://bob@db/x' }).databaseUrl).toBe(
      'postgres://bob@db/x?password=hunter2&sslmode=require',
    );
    for (const name of ['PGHOST', 'PGHOSTADDR', 'PGDATABASE'])
      expect(readConfig({ ...env, [name]: '10.0.0.1' }).databaseUrl).toMatch(/^postgresql:\/\/\/\?/);
    expect(faultsOf({ PGHOST: 'db', PGSSLMODE: 'hunter2' })[0]).toMatch(/PGHOST, PGSSLMODE must have as sslmode/);
    expect(faultsOf({ PGHOST: 'db', PGSSLCRL: '/hunter2' })[0]).toMatch(/PGSSLCRL and then has sslcrl, which cannot/);
    const lost = { PGSERVICE: 'lost', PGSERVICEFILE: '/nowhere' };
    expect(() => readConfig(lost)).toThrow('The connection service "lost" is in none of: /nowhere');
  });

  test('counts an empty setting as not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '  ' })).toEqual(readConfig({}));
  });

  test('names every fault at once', () => {
    const faults = faultsOf({
      DATABASE_URL: 'mysql://x',
      BACKUP_JOBS: 'many',
      BACKUP_COMPRESSION: 'rar',
      PORT: '70000',
      LOCK_TIMEOUT_MS: '-1',
    });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'DATABASE_URL',
      'BACKUP_JOBS',
      'BACKUP_COMPRESSION',
      'LOCK_TIMEOUT_MS',
      'PORT',
    ]);
    expect(faults[1]).toBe('BACKUP_JOBS must be a whole number from 1 to 64; it is "many"');
  });

  test('never repeats a connection string it refuses', () => {
    for (const url of ['postgres://anna:hunter2/x@db/hrms', 'hunter2', 'postgres://anna:12/hunter2@db/x']) {
      expect(faultsOf({ DATABASE_URL: url }).join()).toMatch(/^DATABASE_URL must look like (?!.*hunter2)/);
    }
    for (const url of [
      "host=db password='hunter2",
      'host=db hunter2=x',
      'postgres://db/x?sslmode=hunter2',
      'postgres://u:hunter2@h,i:1,j/x?port=1,2',
    ])
      expect(faultsOf({ DATABASE_URL: url }).join().replace('not known: hunter2', '')).toMatch(
        /^DATABASE_URL (?!.*hunter2)/,
      );
    const inFile = faultsOf({ DATABASE_URL_FILE: 'postgres://anna:hunter2@db/x' }).join();
    expect(inFile).toBe('DATABASE_URL_FILE names a file that cannot be read');
  });

  test('a malformed setting names itself, whatever is wrong with it', () => {
    const bad = [
      '~other/x',
      'no such thing',
      '-1',
      '999999999999999999',
      'http://[',
      'https://a/b',
      'postgres://h:99999999/x',
    ];
    const free = ['HOST', 'BACKUP_DIR', 'BACKUP_SCHEMA', 'BACKUP_EXCLUDE', 'TLS_CERT', 'TLS_KEY', 'LOG_FILE'];
    for (const name of SETTING_NAMES) {
      const refused = bad.flatMap((value) => {
        try {
          readConfig({ [name]: value, ...(name === 'DATABASE_DIRECT_URL' && { DATABASE_URL: 'postgres://h/x' }) });
          return [];
        } catch (error) {
          return [error];
        }
      });
      if (!free.includes(name)) expect([name, refused.length]).not.toEqual([name, 0]);
      for (const error of refused)
        expect(error).toMatchObject({
          code: 'CONFIG_INVALID',
          message: expect.stringMatching(new RegExp(`: ${name} |TLS_CERT and`)),
        });
    }
    expect(() => readConfig({ DATABASE_URL: 'postgres://h/x', PGPORT: 'x' })).toThrow('completed by PGPORT,');
    expect(() => readConfig({ PGHOST: 'h', PGSSLMODE: 'x' })).toThrow('The database of PGHOST, PGSSLMODE must');
  });

  test('a ~ at the start of a path is the home folder, in every setting that is one', async () => {
    await using stack = new AsyncDisposableStack();
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    stack.defer(() => rm(home, { recursive: true }));
    await writeFile(join(home, 'url'), 'postgres://db/hrms');
    const paths = SETTING_NAMES.filter((name) => /_FILE$|_DIR$|_SCHEMA$|_EXCLUDE$|^TLS_/.test(name));
    expect(paths.length).toBe(8);
    const config = readConfig({ HOME: home, ...Object.fromEntries(paths.map((name) => [name, '~/url'])) });
    expect(config).toMatchObject({
      databaseUrl: 'postgres://db/hrms',
      backupDir: join(home, 'url'),
      backupSchema: join(home, 'url'),
      backupExclude: join(home, 'url'),
      logFile: join(home, 'url'),
      tls: { certFile: join(home, 'url'), keyFile: join(home, 'url') },
    });
    expect(readConfig({ HOME: home, BACKUP_SCHEMA: '~/a.ts, ~/b.ts', BACKUP_DIR: '~' })).toMatchObject({
      backupSchema: `${home}/a.ts, ${home}/b.ts`,
      backupDir: home,
    });
    for (const name of paths) expect(() => readConfig({ [name]: '~anna/x' })).toThrow(`${name} begins with the home`);
  });

  test('refuses settings that do not go together', () => {
    expect(faultsOf({ BACKUP_COMPRESSION: 'deflate', BACKUP_LEVEL: '12' })[0]).toContain('from 0 to 9 for deflate');
    expect(faultsOf({ BACKUP_COMPRESSION: 'zstd', BACKUP_LEVEL: '12' })).toEqual([]);
    expect(faultsOf({ LOCK_GIVE_UP_MS: '10' })[0]).toContain('at least LOCK_TIMEOUT_MS');
    expect(faultsOf({ DATABASE_DIRECT_URL: 'postgres://h/d' })[0]).toContain('needs DATABASE_URL');
  });
});

test('.env.example lists exactly the settings there are; its defaults are the true ones, and its examples can be used', async () => {
  const text = await Bun.file(join(import.meta.dir, '../../.env.example')).text();
  const listed = [...text.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const);
  expect(listed.map(([name]) => name)).toEqual([...SETTING_NAMES]);
  const isExample = ([name]: readonly [string, string]) => EXAMPLES.has(name);
  expect(readConfig(Object.fromEntries(listed.filter((one) => !isExample(one))), 4)).toEqual(readConfig({}, 4));
  const usable = listed.filter((one) => isExample(one) && !one[0].endsWith('_URL_FILE'));
  expect(faultsOf(Object.fromEntries(usable))).toEqual([]);
});

/** Settings whose default is unset, or depends on others. */
const EXAMPLES = new Set([
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'DATABASE_URL_FILE',
  'DATABASE_DIRECT_URL_FILE',
  'BACKUP_SCHEMA',
  'BACKUP_CASING',
  'BACKUP_EXCLUDE',
  'BACKUP_LEVEL',
  'PUBLIC_URL',
  'TRUSTED_PROXIES',
  'CORS_ORIGINS',
  'TLS_CERT',
  'TLS_KEY',
  'MAX_WAITING_BYTES',
  'MEMORY_LIMIT_MB',
  'WORKER_MEMORY_LIMIT_MB',
  'LOG_FILE',
]);

test('README.md describes exactly the settings there are', async () => {
  const text = await Bun.file(join(import.meta.dir, '../../README.md')).text();
  const described = [...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name ?? '');
  expect(described).toEqual([...SETTING_NAMES]);
});
