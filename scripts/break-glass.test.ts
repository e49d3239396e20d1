import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRecords } from '../db/system/records.ts';
import type { TestDatabase } from '../db/testing/database.ts';
import { createAudit } from '../server/security/audit/audit.ts';
import { createSessions } from '../server/security/sessions/sessions.ts';
import { createThrottle } from '../server/security/throttle.ts';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { DATA_DIR } from './command/compose.ts';
import { emptyFolder } from './command/filled-folders.fixture.ts';
import { lockFolder } from './start/folder-lock.ts';

let fixture: Awaited<ReturnType<typeof emptyFolder>>;
let database: TestDatabase;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await emptyFolder();
  ({ database, folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

test('prints a link whose code lets in once, on a database that has lost everything, and leaves a row in the audit without the code', async () => {
  const run = await folder.run('break-glass', ['--json'], { PUBLIC_URL: 'https://backup.example.org' });
  expect(run.code).toBe(0);
  const { link } = jsonOf<{ data: { link: string; expiresAt: string } }>(run).data;
  expect(link).toMatch(/^https:\/\/backup\.example\.org\/break-glass#[\w-]{43}$/);
  const code = new URL(link).hash.slice(1);
  const client = openRecords(database.url);
  try {
    const { records } = client;
    const now = () => new Date();
    const throttle = createThrottle({ records });
    const sessions = createSessions({ records, throttle, now, sessionDays: 14, secureCookies: true });
    const { caller } = await sessions.enterByBreakGlass(code, '192.0.2.7', 'Mozilla');
    expect(caller.scopes.has('restores:run')).toBe(true);
    const audit = createAudit({ records, now });
    const { rows } = await audit.list({});
    expect(rows).toMatchObject([{ action: 'break-glass', outcome: 'allowed' }]);
    expect(rows[0]?.actor).toStartWith('tester@');
    expect(JSON.stringify(rows)).not.toContain(code);
  } finally {
    await client.close();
  }
});

test('without PUBLIC_URL the link is made of host and port, and people are told what it is', async () => {
  const { code, stdout, stderr } = await folder.run('break-glass', [], { HOST: '::', PORT: '8080' });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^http:\/\/localhost:8080\/break-glass#[\w-]{43}\nIt works once, until .* UTC\. /);
});

test('the link leads to the server that `bun start` of this folder runs, whatever answers at the port that was asked for', async () => {
  const linkTo = async () => (await folder.run('break-glass', [])).stdout.split('/break-glass#')[0];
  {
    await using lock = await lockFolder(join(folder.dir, DATA_DIR));
    expect(await linkTo()).toBe('http://127.0.0.1:3000');
    await lock.writeAddress('http://127.0.0.1:3001/');
    expect(await linkTo()).toBe('http://127.0.0.1:3001');
  }
  // A killed process has left its note.
  await writeFile(join(folder.dir, DATA_DIR, 'start.address'), 'http://127.0.0.1:3001/');
  expect(await linkTo()).toBe('http://127.0.0.1:3000');
});

test('makes no code that nobody would see', async () => {
  const made = () => database.query(`SELECT count(*)::int AS n FROM backup_system.break_glass`);
  const before = await made();
  const { code, stderr } = await folder.run('break-glass', ['--silent']);
  expect([code, stderr]).toEqual([4, expect.stringContaining('Leave --silent out, or add --json.')]);
  expect(await made()).toEqual(before);
});
