import { expect, test } from 'bun:test';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../db/testing/database.ts';

const MEBIBYTE = 1024 * 1024;

test('promise 8: a document of 100 MB goes out and comes in within 200 MB of memory', async () => {
  await using database = await testDatabase({ template: 'hrms' });
  const dir = await mkdtemp(join(tmpdir(), 'json-memory-'));
  const peakOf = async (script: string, ...args: string[]): Promise<number> => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, `${script}.ts`), ...args], {
      cwd: dir,
      env: { HOME: dir, USER: 'tester', DATABASE_URL: database.url, BACKUP_DIR: dir, BACKUP_JOBS: '2' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [code, errors] = await Promise.all([child.exited, child.stderr.text()]);
    expect(`${script} ${code} ${code === 0 ? '' : errors}`).toBe(`${script} 0 `);
    return (child.resourceUsage()?.maxRSS ?? Number.POSITIVE_INFINITY) / MEBIBYTE;
  };
  try {
    // Rows as in the HRMS, with an audit trail that grew.
    await database.query(`
      INSERT INTO admins (id, email, password, "fullName", "updatedAt") VALUES ('a', 'a', 'a', 'a', now());
      INSERT INTO staff (id, "employeeId", "fullName", gender, "maritalStatus", "phoneNumbers", "updatedAt")
        SELECT 's' || n, 'e' || n, 'Adé ' || n, 'MALE', 'SINGLE', ARRAY['+234 ' || n, 'x'], now() FROM generate_series(1, 5000) AS n;
      INSERT INTO audit_trails (id, "entityType", "entityId", action, changes, "performedBy")
        SELECT 't' || n, 'STAFF', 's' || 1 + n % 5000, 'UPDATE',
               jsonb_build_object('address', jsonb_build_object('old', repeat(md5(n::text), 25), 'new', n), 'salary', 1234.50), 'a'
          FROM generate_series(1, 100000) AS n`);
    const sizes = { backup: await peakOf('backup', '--format', 'json', '--name', 'large'), restore: 0 };
    expect((await stat(join(dir, 'large.json'))).size).toBeGreaterThan(100_000_000);
    await database.query('TRUNCATE audit_trails');
    sizes.restore = await peakOf('restore', 'large.json', '--yes');
    expect(await database.query('SELECT count(*)::int AS rows FROM audit_trails')).toEqual([{ rows: 100_000 }]);
    for (const [verb, peak] of Object.entries(sizes))
      expect({ verb, peak, flat: peak < 200 }).toMatchObject({ flat: true });
  } finally {
    await rm(dir, { recursive: true });
  }
}, 240_000);
