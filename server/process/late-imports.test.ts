import { expect, test } from 'bun:test';
import { join } from 'node:path';

/** Packages of many files that few starts need. Loading them takes longer than all of ours. */
const LATE = ['pino-roll', 'date-fns', '@zip.js/zip.js'];

for (const program of ['../main.ts', 'worker-process.ts'])
  test(`${program} loads nothing that only a log file or an old ZIP needs`, async () => {
    const line = `await import(${JSON.stringify(join(import.meta.dir, program))}); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const child = Bun.spawn([process.execPath, '-e', line], { stdio: ['ignore', 'pipe', 'inherit'] });
    const loaded: string[] = JSON.parse(await child.stdout.text());
    const holding = (name: string) => loaded.filter((path) => path.includes(`/node_modules/${name}/`)).length;
    expect(holding('pino')).toBeGreaterThan(0);
    expect(LATE.filter((name) => holding(name) > 0)).toEqual([]);
  });
