import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openRecords } from '../db/records.ts';
import type { TestDatabase } from '../db/testing.ts';
import { createAudit } from '../server/security/audit.ts';
import { createSessions } from '../server/security/sessions.ts';
import { createThrottle } from '../server/security/throttle.ts';
import { jsonOf, type Workplace } from './command/command.fixture.ts';
import { emptyPlace } from './command/places.fixture.ts';

let ground: Awaited<ReturnType<typeof emptyPlace>>;
let database: TestDatabase;
let place: Workplace;
beforeAll(async () => {
  ground = await emptyPlace();
  ({ database, place } = ground);
});
afterAll(() => ground[Symbol.asyncDispose]());

test('prints a link whose code lets in once, on a database that has lost everything, and leaves a row in the audit without the code', async () => {
  const run = await place.run('break-glass', ['--json'], { PUBLIC_URL: 'https://backup.example.org' });
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
  const { code, stdout, stderr } = await place.run('break-glass', [], { HOST: '::', PORT: '8080' });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^http:\/\/localhost:8080\/break-glass#[\w-]{43}\nIt counts once, until .* UTC\. /);
});
