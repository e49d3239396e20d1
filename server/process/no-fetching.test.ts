import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OWN_BUNFIG = join(import.meta.dir, '../../bunfig.toml');
const SCRIPTS = join(import.meta.dir, '../../scripts');
let dir: string;
let asked: string[] = [];
const registry = Bun.serve({
  port: 0,
  fetch(request) {
    asked.push(new URL(request.url).pathname);
    return new Response('', { status: 404 });
  },
});
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'no-fetching-'));
  for (const auto of ['force', 'fallback', 'auto'])
    await Bun.write(join(dir, auto, 'bunfig.toml'), `[install]\nauto = "${auto}"\n`);
  await Bun.write(join(dir, 'home-that-fetches/.bunfig.toml'), '[install]\nauto = "fallback"\n');
  await Bun.write(join(dir, 'empty/.keep'), '');
  await Bun.write(join(dir, 'bare/schema.ts'), `import pad from 'left-pad';\nexport const t = pad;`);
});
afterAll(async () => {
  await registry.stop(true);
  await rm(dir, { recursive: true });
});

/** Runs a command from a foreign folder; returns its exit code and output. */
async function run(cwd: string, words: string[], env: Record<string, string> = {}): Promise<[number, string]> {
  asked = [];
  const child = Bun.spawn([process.execPath, ...words], {
    cwd: join(dir, cwd),
    env: { HOME: join(dir, 'home'), BUN_CONFIG_REGISTRY: registry.url.href, BACKUP_DIR: join(dir, 'backups'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = await child.stderr.text();
  return [await child.exited, said];
}

test('nothing is fetched by a command, whichever folder it is called from', async () => {
  const list = join(SCRIPTS, 'list.ts');
  for (const cwd of ['empty', 'auto'])
    for (const words of [['run', list], [list]]) {
      expect([cwd, await run(cwd, words)]).toEqual([cwd, [0, '']]);
      expect(asked).toEqual([]);
    }
  for (const cwd of ['force', 'fallback']) {
    expect(await run(cwd, [`--config=${OWN_BUNFIG}`, 'run', list])).toEqual([0, '']);
    expect(asked).toEqual([]);
  }
  const schema = { BACKUP_SCHEMA: join(dir, 'bare/schema.ts'), DATABASE_URL: 'postgres://127.0.0.1:1/none' };
  const [code, said] = await run('empty', [join(SCRIPTS, 'backup.ts'), '--silent'], schema);
  expect([code, said]).toEqual([4, expect.stringContaining('left-pad')]);
  expect(asked).toEqual([]);
});

test('a folder or a home whose bunfig.toml has packages fetched is refused by its name, with the way out', async () => {
  for (const words of [[join(SCRIPTS, 'list.ts')], [join(import.meta.dir, '../main.ts')]]) {
    const [code, said] = await run('fallback', words);
    expect(code).not.toBe(0);
    expect(said).toContain(join(dir, 'fallback/bunfig.toml'));
    expect(said).toContain(`bun --config=${OWN_BUNFIG} run`);
    expect(asked).toEqual([]);
  }
  const [code, said] = await run('empty', [join(SCRIPTS, 'list.ts')], { HOME: join(dir, 'home-that-fetches') });
  expect([code, said]).toEqual([4, expect.stringContaining('.bunfig.toml')]);
});
