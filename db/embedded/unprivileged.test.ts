import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingRight, unprivilegedLaunch } from './unprivileged.ts';

const isRoot = process.getuid?.() === 0;
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'launch '));
  await chmod(dir, 0o700);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function run(command: string[]) {
  const child = Bun.spawn(command, { stdout: 'pipe' });
  return { pid: child.pid, said: (await new Response(child.stdout).text()).trim() };
}

test('unprivilegedLaunch() runs a program as a named user who is not root, under the process id it was started with', async () => {
  const launch = await unprivilegedLaunch(null);
  const { pid, said } = await run([...launch.prefix, 'sh', '-c', 'id -un; id -u; echo $$']);
  const [name, uid, own] = said.split('\n');
  expect(name).toMatch(/\w/);
  expect(uid).not.toBe('0');
  expect(own).toBe(String(pid));
});

test('unprivilegedLaunch() can write into a folder that is closed to everybody else, and the files are ours', async () => {
  const launch = await unprivilegedLaunch(null);
  if (launch.owner) await chmod(dir, 0o777);
  await run([...launch.prefix, 'touch', join(dir, 'made')]);
  expect((await stat(join(dir, 'made'))).uid).toBe(launch.owner?.uid ?? process.getuid?.() ?? 0);
});

describe.if(isRoot)('as root', () => {
  test('unprivilegedLaunch() keeps running files of another user as that user', async () => {
    const launch = await unprivilegedLaunch({ uid: 65534, gid: 65534 });
    expect(launch.owner).toEqual({ uid: 65534, gid: 65534 });
    expect((await run([...launch.prefix, 'id', '-u'])).said).toBe('65534');
    expect(missingRight(launch, '/bin/sh', '/tmp')).toBeNull();
    expect(missingRight(launch, '/bin/sh', '/root')).toBe('folder');
    expect(missingRight(launch, '/root/none', '/tmp')).toBe('program');
  });
});
