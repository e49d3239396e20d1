import { expect, test } from 'bun:test';
import { join } from 'node:path';

for (const script of ['lighthouse', 'screenshots']) {
  test(`${script} says how it is used and ends with 4 for a flag it does not know, and with 0 when it is asked`, async () => {
    const run = async (flag: string) => {
      const child = Bun.spawn([process.execPath, join(import.meta.dir, `${script}.ts`), flag], { stderr: 'pipe' });
      const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
      return { code: await child.exited, says: said.includes(`bun run ${script} [`) };
    };
    expect(await run('--nonsense')).toEqual({ code: 4, says: true });
    expect(await run('--help')).toEqual({ code: 0, says: true });
  });
}
