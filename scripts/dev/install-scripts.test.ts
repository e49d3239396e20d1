import { expect, test } from 'bun:test';
import { join } from 'node:path';

const root = join(import.meta.dir, '../..');

test('no script of a package is run by an install, and none is reported as blocked', async () => {
  const { install } = Bun.TOML.parse(await Bun.file(join(root, 'bunfig.toml')).text()) as { install: object };
  expect(install).toMatchObject({ ignoreScripts: true });
  const { trustedDependencies } = await Bun.file(join(root, 'package.json')).json();
  const lock = await Bun.file(join(root, 'bun.lock')).text();
  const scripted = [...lock.matchAll(/^ {4}"[^"]+": \["(@?[^@"]+)@.*"hasInstallScript": true/gm)].map(
    ([, name]) => name,
  );
  expect(scripted).toContain('esbuild');
  expect(scripted.filter((name) => !trustedDependencies.includes(name))).toEqual([]);
});
