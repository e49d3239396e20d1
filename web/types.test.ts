import { expect, test } from 'bun:test';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const SOURCES = ['db', 'server', 'scripts', 'web', 'package.json', 'tsconfig.json'];

/** Copies the whole source, so that it can be changed and checked without touching this one. */
async function copyOfTheSource() {
  const folder = await mkdtemp(join(tmpdir(), 'panel-types-'));
  for (const name of SOURCES) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    async rename(file: string, from: RegExp, to: string) {
      const text = await readFile(join(folder, file), 'utf8');
      expect(text).toMatch(from);
      await writeFile(join(folder, file), text.replace(from, to));
    },
    /** Returns the panel's files with type errors, each with its messages. */
    async check(): Promise<Map<string, string>> {
      const words = ['node_modules/typescript7/bin/tsc', '--noEmit', '--pretty', 'false', '--project', 'web'];
      const child = Bun.spawn([process.execPath, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      const output = await new Response(child.stdout).text();
      await child.exited;
      const errors = output.matchAll(/^(web\/[^(]+)\(\d+,\d+\): error TS\d+: (.*)$/gm);
      return new Map([...errors].map(([, file = '', what = '']) => [file, what]));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

test('a procedure or a field that the server renames breaks the type check of the panel', async () => {
  await using source = await copyOfTheSource();
  await source.rename('server/api/operations.ts', /\bcancel: procedure/, 'stop: procedure');
  await source.rename('server/api/backups/view.ts', /\blastVerified: z\./, 'lastChecked: z.');
  const errors = await source.check();
  expect(errors.get('web/ui/operations/operation-card.tsx')).toContain("Property 'cancel' does not exist");
  expect(errors.get('web/pages/backup/backup.tsx')).toContain("Property 'lastVerified' does not exist");
});
