import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../db/testing/database.ts';

const MEBIBYTE = 1024 * 1024;

test('promise 8: peak memory of backup, verify and restore does not grow with the data', async () => {
  await using database = await testDatabase();
  const dir = await mkdtemp(join(tmpdir(), 'memory-'));
  const peakOf = async (script: string, ...args: string[]): Promise<number> => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, `${script}.ts`), ...args], {
      cwd: dir,
      env: {
        HOME: dir,
        USER: 'tester',
        DATABASE_URL: database.url,
        BACKUP_DIR: dir,
        BACKUP_JOBS: '2',
        BACKUP_SCHEMA: join(import.meta.dir, '../db/testing/fixtures/filler.schema.ts'),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [code, errors] = await Promise.all([child.exited, child.stderr.text()]);
    expect(`${script} ${code} ${code === 0 ? '' : errors}`).toBe(`${script} 0 `);
    return (child.resourceUsage()?.maxRSS ?? Number.POSITIVE_INFINITY) / MEBIBYTE;
  };
  try {
    await database.query('CREATE TABLE filler (id integer PRIMARY KEY, words text)');
    const peaks: { rows: number; backup: number; verify: number; restore: number }[] = [];
    for (const rows of [50_000, 200_000]) {
      // About a kilobyte each, stored uncompressed: fifty megabytes, then two hundred.
      await database.query(
        `ALTER TABLE filler ALTER words SET STORAGE PLAIN; INSERT INTO filler SELECT n, repeat(md5(n::text), 31) FROM generate_series((SELECT count(*) FROM filler) + 1, ${rows}) AS n`,
      );
      const name = `of-${rows}`;
      peaks.push({
        rows,
        backup: await peakOf('backup', '--name', name),
        verify: await peakOf('verify', name),
        restore: await peakOf('restore', name, '--yes'),
      });
      expect(await database.query('SELECT count(*)::int AS rows FROM filler')).toEqual([{ rows }]);
    }
    const [small, large] = peaks;
    for (const verb of ['backup', 'verify', 'restore'] as const) {
      // Four times the data may cost what the runtime's garbage collector likes to keep, and no more.
      const grown = {
        verb,
        small: small?.[verb],
        large: large?.[verb],
        flat: (large?.[verb] ?? 0) < (small?.[verb] ?? 0) + 50,
      };
      expect(grown).toEqual({ ...grown, flat: true });
    }
  } finally {
    await rm(dir, { recursive: true });
  }
}, 120_000);
