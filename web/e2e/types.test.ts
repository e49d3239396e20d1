import { expect, test } from 'bun:test';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const TSC = join(ROOT, 'node_modules/typescript7/bin/tsc');

/** The panel and what it takes its types from, copied, with one file of the server changed; what the panel's type check says then. */
async function complaintsAfter(file: string, from: RegExp, to: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'panel-types-'));
  try {
    for (const name of ['web', 'server', 'db', 'scripts', 'tsconfig.json', 'package.json'])
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const path = join(folder, file);
    const before = await Bun.file(path).text();
    const after = before.replaceAll(from, to);
    expect(after !== before).toBe(to !== '');
    await Bun.write(path, after);
    const words = [process.execPath, TSC, '--noEmit', '--pretty', 'false', '--project', 'web'];
    const child = Bun.spawn(words, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Response(child.stdout).text();
    return said.split('\n').filter((line) => /^web\/(?!e2e)\S+\(\d+,\d+\): error TS/.test(line));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the panel keeps to the types of the server as it is', async () => {
  expect(await complaintsAfter('server/api/system.ts', /nothing at all/g, '')).toEqual([]);
});

test('a procedure that is renamed breaks the type check of the panel, where it is called', async () => {
  const found = await complaintsAfter('server/api/system.ts', /^ {4}status: procedure/gm, '    state: procedure');
  expect(found.filter((line) => line.startsWith('web/lib/queries.ts') && line.includes("'status'"))).not.toEqual([]);
});

test('a field that is renamed breaks the type check of the panel, where it is shown', async () => {
  const found = await complaintsAfter('server/api/system.ts', /\bnextDue:/g, 'dueNext:');
  expect(found.filter((line) => line.startsWith('web/pages/overview.tsx') && line.includes("'nextDue'"))).not.toEqual(
    [],
  );
});
