import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../server/core/errors.ts';
import { type Machine, missingRight, unprivilegedLaunch } from './unprivileged.ts';

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

describe('a refusal names what is in the way, and an installation only where it opens one', () => {
  const NOBODY = { name: 'nobody', uid: 65534, gid: 65534 };
  interface Offered {
    uid?: number;
    has?: string[];
    users?: (typeof NOBODY)[];
  }
  const INSTALL = /Install util-linux \(for (.*?)\)/;
  /** Returns the refusal on a machine whose programs all fail. */
  const refusal = async (
    { uid = 0, has = ['unshare', 'setpriv'], users = [NOBODY] }: Offered,
    filesOf: { uid: number; gid: number } | null = null,
  ): Promise<AppError> => {
    const machine: Machine = {
      uid,
      which: (program) => (has.includes(program) ? `/bin/${program}` : null),
      answers: () => null,
      users: async () => users,
    };
    const error = await unprivilegedLaunch(filesOf, machine).catch((caught: unknown) => caught);
    if (error instanceof AppError && error.code === 'DATABASE_UNREACHABLE') return error;
    throw error;
  };

  test.each<[Offered, { uid: number; gid: number } | null, string[], string[]]>([
    [{}, null, [], ['unshare failed', 'setpriv failed']],
    [{ has: ['setpriv'] }, null, ['unshare'], ['the program unshare, which is missing', 'setpriv failed']],
    [{ has: ['unshare'] }, null, ['setpriv'], ['unshare failed', 'the program setpriv, which is missing']],
    [{ has: [] }, null, ['unshare', 'setpriv'], ['unshare, which is missing', 'setpriv, which is missing']],
    // Neither program helps where its way is closed for another reason.
    [{ has: [], uid: 1234 }, null, ['unshare'], ['unshare, which is missing', 'only root']],
    [{ uid: 1234 }, null, [], ['unshare failed', 'only root']],
    [{ has: [], users: [] }, null, [], ['a user in /etc/passwd besides root', 'neither a user postgres nor nobody']],
    [{ has: [] }, { uid: 26, gid: 26 }, ['setpriv'], ['which belong to user 26', 'setpriv, which is missing']],
  ])('%#', async (offered, filesOf, installs, faults) => {
    const { message, hint = '' } = await refusal(offered, filesOf);
    expect(INSTALL.exec(hint)?.[1]?.split(' and ') ?? []).toEqual(installs);
    for (const fault of faults) expect(message).toContain(fault);
    expect(hint).toContain('set DATABASE_URL to a PostgreSQL of your own.');
  });
});
