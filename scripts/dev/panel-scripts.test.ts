import { expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const start = (script: string, words: string[], env: Record<string, string> = {}) =>
  Bun.spawn([process.execPath, join(import.meta.dir, `${script}.ts`), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });

for (const script of ['lighthouse', 'screenshots']) {
  test(`${script} says how it is used, and refuses a flag it does not know with exit code 4`, async () => {
    const help = start(script, ['--help']);
    expect(await new Response(help.stdout).text()).toContain(`bun run scripts/dev/${script}.ts [flags]`);
    expect(await help.exited).toBe(0);
    const refused = start(script, ['--nonsense']);
    expect(await new Response(refused.stderr).text()).toContain('There is no flag --nonsense. [USAGE]');
    expect(await refused.exited).toBe(4);
  });

  test(`${script} told to stop ends with 130 and leaves neither a database nor a folder behind`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'palace-stop-'));
    try {
      const child = start(script, script === 'screenshots' ? ['--output', join(folder, 'pictures')] : [], {
        TMPDIR: folder,
      });
      while (!(await readdir(folder)).some((name) => name.startsWith('palace-demo-'))) {
        expect(child.exitCode).toBeNull();
        await Bun.sleep(20);
      }
      child.kill('SIGINT');
      expect(await child.exited).toBe(130);
      expect((await readdir(folder)).filter((name) => name !== 'pictures')).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test('screenshots names the pictures there are when it is asked for another', async () => {
  const child = start('screenshots', ['--only', 'overview,nonsense']);
  expect(await new Response(child.stderr).text()).toMatch(/There is no picture nonsense\. \[USAGE\]\n.*overview/);
  expect(await child.exited).toBe(4);
});
