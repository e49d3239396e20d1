import { expect, test } from 'bun:test';
import { launchersAbove } from './launchers.ts';

/** Returns the launchers among the command lines above process 9, nearest first, up to a login shell. */
function above(...lines: string[]): number[] {
  const words = ['bun scripts/start.ts', ...lines, '-bash'].map((line) => line.split(' '));
  return launchersAbove(9, (pid) => (words[9 - pid] ? { pid, parent: pid - 1, words: words[9 - pid] ?? [] } : null));
}

const SCRIPT = 'sh -c bun_install_&&_bun_scripts/start.ts';

test('the programs that start a server for somebody are watched, and a shell only between two of them', () => {
  expect(above('bun start', 'sh -c bun_start', 'npm exec bun@1.4.5 start')).toEqual([8, 7, 6]);
  expect(above(SCRIPT, 'bun start', 'sh -c bun_start', 'node /usr/bin/npx -y bun@1.4.5 start')).toEqual([8, 7, 6, 5]);
  expect(above(SCRIPT, '/home/me/.bun/bin/bun run start')).toEqual([8, 7]);
  expect(
    above(SCRIPT, '/root/.npm/_npx/8666/node_modules/bun/bin/bun.exe start', 'sh -c bun_start', 'npm exec bun'),
  ).toEqual([8, 7, 6, 5]);
  expect(above(SCRIPT, 'bun start', 'bash -c nohup_bun_start_&')).toEqual([8, 7]);
});

test('nothing is watched where it was started directly, from a shell or by another program', () => {
  expect(above()).toEqual([]);
  expect(above('bash -c bun_scripts/start.ts_&')).toEqual([]);
  expect(above('bash -i')).toEqual([]);
  expect(above('node server.js')).toEqual([]);
  expect(above('/usr/sbin/cron -f')).toEqual([]);
});
