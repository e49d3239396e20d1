import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretKey } from './secret-key.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const development = { secretKey: null, nodeEnv: 'development' } as const;
const file = () => join(folder, '.data/secret-key');

describe('secretKey()', () => {
  test('takes SECRET_KEY and touches no file', async () => {
    const given = { secretKey: 'k'.repeat(32), nodeEnv: 'production' } as const;
    expect(await secretKey(given, file(), randomBytes)).toBe('k'.repeat(32));
    expect(await readdir(folder)).toEqual([]);
  });

  test('demands one in production, and says how to make it', async () => {
    const missing = secretKey({ secretKey: null, nodeEnv: 'production' }, file(), randomBytes);
    await expect(missing).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('SECRET_KEY'),
      hint: expect.stringContaining('openssl rand -base64 48'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('makes one in development, once, for the owner alone', async () => {
    const first = await secretKey(development, file(), randomBytes);
    expect(Buffer.from(first, 'base64')).toHaveLength(48);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await secretKey(development, file(), randomBytes)).toBe(first);
    expect(await readdir(join(folder, '.data'))).toEqual(['secret-key']);
  });

  test('gives processes that start at once the same one', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => secretKey(development, file(), randomBytes)));
    expect(new Set(keys).size).toBe(1);
    expect(await readdir(join(folder, '.data'))).toEqual(['secret-key']);
  });

  test('uses neither a file that holds no key nor one that lies elsewhere', async () => {
    const broken = join(folder, 'broken');
    await writeFile(broken, 'short');
    await expect(secretKey(development, broken, randomBytes)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const linked = join(folder, 'linked');
    await writeFile(join(folder, 'other'), 'k'.repeat(64));
    await symlink(join(folder, 'other'), linked);
    await expect(secretKey(development, linked, randomBytes)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
