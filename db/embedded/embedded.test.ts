import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { lstat, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askOnce } from '../testing/client.fixture.ts';
import { type Embedded, embeddedBinaries, embeddedUrl, startEmbedded } from './embedded.ts';

describe('startEmbedded()', () => {
  const settings = { fsync: 'off' };
  let dir = '';
  let embedded: Embedded;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'embedded '));
    // Two processes that start at once on a fresh machine.
    const [first, second] = await Promise.all([startEmbedded(dir, { settings }), startEmbedded(dir, { settings })]);
    await second.stop();
    embedded = first;
  });
  afterAll(async () => {
    await embedded.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('gives a UTF-8 database owned by a role that is no superuser', async () => {
    const [row] = await askOnce(
      embedded.url,
      `SELECT current_database() AS database, current_user AS "user", upper('ọ̀é') AS upper, pg_encoding_to_char(encoding) AS encoding,
              rolsuper, rolcreatedb, rolcreaterole, rolreplication, pg_get_userbyid(datdba) AS owner
       FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`,
    );
    expect(row).toEqual({
      database: 'palace',
      user: 'palace',
      upper: 'Ọ̀É',
      encoding: 'UTF8',
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolreplication: false,
      owner: 'palace',
    });
  });

  test('keeps its passwords for the owner of the folder alone', async () => {
    expect((await stat(join(dir, 'passwords.json'))).mode & 0o077).toBe(0);
  });

  test('is found by embeddedUrl() while it runs, and only then', async () => {
    expect(await embeddedUrl(dir)).toBe(embedded.url);
    const url = embedded.url;
    await embedded.stop();
    expect(await embeddedUrl(dir)).toBeNull();
    embedded = await startEmbedded(dir, { settings });
    expect(new URL(embedded.url).password).toBe(new URL(url).password);
  });
});

test('startEmbedded() says what to do when its passwords are lost or damaged, and keeps the data', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'embedded lost '));
  const data = join(dir, 'server', 'data');
  await mkdir(data, { recursive: true });
  const refused = { code: 'DATABASE_UNREACHABLE', hint: expect.stringContaining('passwords.json') };
  await expect(startEmbedded(dir)).rejects.toMatchObject(refused);
  await writeFile(join(dir, 'passwords.json'), '{"admin":');
  await expect(startEmbedded(dir)).rejects.toMatchObject(refused);
  expect((await stat(data)).isDirectory()).toBe(true);
  await rm(dir, { recursive: true, force: true });
});

test('embeddedBinaries() repairs missing library links', async () => {
  const bin = await embeddedBinaries();
  if (process.platform !== 'linux') return;
  const libpq = join(bin, '..', 'lib', 'libpq.so.5');
  expect((await lstat(libpq)).isSymbolicLink()).toBe(true);
  expect(Bun.spawnSync([join(bin, 'postgres'), '--version']).exitCode).toBe(0);
});
