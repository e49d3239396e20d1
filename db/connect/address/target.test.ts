import { expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';

test('a user that is not named is the account, as for psql, whatever USER says or does not', () => {
  const account = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
  const line = "console.log((await import('./target.ts')).readTarget('postgresql:///?host=/run').user)";
  for (const more of [{}, { USER: 'another' }]) {
    const env = { PATH: process.env.PATH ?? '', ...more };
    const { stdout } = Bun.spawnSync([process.execPath, '-e', line], { cwd: import.meta.dir, env });
    expect(stdout.toString().trim()).toBe(account);
  }
});
