import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { AppError } from '../../server/core/errors.ts';

/** A way to run a program that refuses to run as root. */
export interface Launch {
  /** Words that go before the program; none for an ordinary user. Each replaces itself by exec, so the process id is the program's own. */
  prefix: string[];
  /** Required owner of the program's files; null when they belong to us anyway. */
  owner: { uid: number; gid: number } | null;
}

/**
 * Finds a way to run PostgreSQL, which refuses root and users without a name. `filesOf` is the present owner of the files; what one way has
 * created is never run another way. Throws DATABASE_UNREACHABLE, saying what is missing, when no way works.
 */
export async function unprivilegedLaunch(filesOf: { uid: number; gid: number } | null): Promise<Launch> {
  const uid = process.getuid?.();
  if (uid === undefined || (uid !== 0 && answers(['id', '-un']) !== null)) return { prefix: [], owner: null };
  const users = await systemUsers();
  const [unshare, setpriv] = [Bun.which('unshare'), Bun.which('setpriv')];

  // A user namespace shows PostgreSQL another user while the files stay ours: any path works, a 0700 home included, without a system user.
  if (filesOf === null || filesOf.uid === uid) {
    const shown = users.find((user) => user.name === 'nobody') ?? users[0];
    if (shown && unshare) {
      const prefix = [unshare, '--user', `--map-user=${shown.uid}`, `--map-group=${shown.gid}`, '--'];
      if (answers([...prefix, 'id', '-u']) === String(shown.uid)) return { prefix, owner: null };
    }
  }

  // Without namespaces root runs it as a system user, for whom the folder must be reachable.
  const owner =
    filesOf && filesOf.uid !== 0 ? filesOf : users.find((user) => ['postgres', 'nobody'].includes(user.name));
  if (uid === 0 && owner && setpriv) {
    const prefix = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', '--'];
    if (answers([...prefix, 'id', '-u']) === String(owner.uid))
      return { prefix, owner: { uid: owner.uid, gid: owner.gid } };
  }
  throw new AppError(
    'DATABASE_UNREACHABLE',
    `PostgreSQL refuses to run as ${uid === 0 ? 'root' : `user ${uid}, who has no name on this machine`}, and neither a user namespace (unshare) nor another user (setpriv) can be used here.`,
    {
      hint: `${unshare && setpriv ? 'Run' : 'Install util-linux (for unshare and setpriv), run'} as an ordinary user who has a name on this machine, or set DATABASE_URL to a PostgreSQL of your own.`,
    },
  );
}

/** Returns which right the launched program lacks: to run `program`, or to write to `folder`; null when neither. */
export function missingRight(launch: Launch, program: string, folder: string): 'program' | 'folder' | null {
  if (answers([...launch.prefix, 'test', '-x', program]) === null) return 'program';
  return answers([...launch.prefix, 'test', '-w', folder]) === null ? 'folder' : null;
}

/** Returns the program's output when it succeeds, else null. */
function answers(command: string[]): string | null {
  const [program = '', ...rest] = command;
  const result = spawnSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Returns the users of `/etc/passwd` except root, `postgres` and `nobody` first. */
async function systemUsers(): Promise<{ name: string; uid: number; gid: number }[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const rank = (name: string) => ['postgres', 'nobody'].indexOf(name) + 1 || 3;
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => Number.isInteger(user.uid) && user.uid > 0 && Number.isInteger(user.gid) && user.gid > 0)
    .sort((a, b) => rank(a.name) - rank(b.name));
}
