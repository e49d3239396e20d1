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

/** The machine's users and programs; tests describe another machine. */
export interface Machine {
  uid: number | undefined;
  /** Finds a program on the PATH. */
  which(program: string): string | null;
  /** Returns the program's output when it succeeds, else null. */
  answers(command: string[]): string | null;
  users(): Promise<SystemUser[]>;
}

interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Finds a way to run PostgreSQL, which refuses root and users without a name. `filesOf` is the present owner of the files; what one way has
 * created is never run another way. Throws DATABASE_UNREACHABLE, saying what is in the way of each, when no way works.
 */
export async function unprivilegedLaunch(
  filesOf: { uid: number; gid: number } | null,
  machine: Machine = thisMachine,
): Promise<Launch> {
  const { uid } = machine;
  if (uid === undefined || (uid !== 0 && machine.answers(['id', '-un']) !== null)) return { prefix: [], owner: null };
  const users = await machine.users();
  const ways = [inNamespace(machine, uid, users, filesOf), asSystemUser(machine, uid, users, filesOf)];
  const launch = ways.find((way) => 'prefix' in way);
  if (launch) return launch;
  throw noWay(
    uid,
    ways.filter((way) => 'fault' in way),
  );
}

/** Why a way cannot be taken, and the program whose installation would open it. */
interface Obstacle {
  fault: string;
  lacks?: string;
}

/** Runs it in a user namespace, which shows it another user while the files stay ours: any path works, a 0700 home included. */
function inNamespace(
  machine: Machine,
  uid: number,
  users: SystemUser[],
  filesOf: { uid: number } | null,
): Launch | Obstacle {
  const shown = users.find((user) => user.name === 'nobody') ?? users[0];
  const unshare = machine.which('unshare');
  if (filesOf !== null && filesOf.uid !== uid)
    return { fault: `a user namespace would not show it its files, which belong to user ${filesOf.uid}` };
  if (!shown) return { fault: 'a user namespace needs a user in /etc/passwd besides root' };
  if (!unshare) return { fault: 'a user namespace needs the program unshare, which is missing', lacks: 'unshare' };
  const prefix = [unshare, '--user', `--map-user=${shown.uid}`, `--map-group=${shown.gid}`, '--'];
  if (machine.answers([...prefix, 'id', '-u']) === String(shown.uid)) return { prefix, owner: null };
  return { fault: 'a user namespace is not allowed here (unshare failed)' };
}

/** Lets root run it as a system user, for whom the folder must be reachable; the way without namespaces. */
function asSystemUser(
  machine: Machine,
  uid: number,
  users: SystemUser[],
  filesOf: { uid: number; gid: number } | null,
): Launch | Obstacle {
  if (uid !== 0) return { fault: 'only root can run it as another user' };
  const owner =
    filesOf && filesOf.uid !== 0 ? filesOf : users.find((user) => ['postgres', 'nobody'].includes(user.name));
  const setpriv = machine.which('setpriv');
  if (!owner) return { fault: 'there is neither a user postgres nor nobody to run it as' };
  if (!setpriv) return { fault: 'another user needs the program setpriv, which is missing', lacks: 'setpriv' };
  const prefix = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', '--'];
  if (machine.answers([...prefix, 'id', '-u']) === String(owner.uid))
    return { prefix, owner: { uid: owner.uid, gid: owner.gid } };
  return { fault: `running it as user ${owner.uid} is not allowed here (setpriv failed)` };
}

function noWay(uid: number, obstacles: Obstacle[]): AppError {
  const who = uid === 0 ? 'root' : `user ${uid}, who has no name on this machine`;
  const lacking = obstacles.flatMap(({ lacks }) => lacks ?? []);
  const install = lacking.length === 0 ? '' : `Install util-linux (for ${lacking.join(' and ')}), or run`;
  return new AppError(
    'DATABASE_UNREACHABLE',
    `PostgreSQL refuses to run as ${who}, and no way round that is open: ${obstacles.map(({ fault }) => fault).join('; ')}.`,
    {
      hint: `${install || 'Run'} as an ordinary user who has a name on this machine, or set DATABASE_URL to a PostgreSQL of your own.`,
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
async function systemUsers(): Promise<SystemUser[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const rank = (name: string) => ['postgres', 'nobody'].indexOf(name) + 1 || 3;
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => Number.isInteger(user.uid) && user.uid > 0 && Number.isInteger(user.gid) && user.gid > 0)
    .sort((a, b) => rank(a.name) - rank(b.name));
}

const thisMachine: Machine = {
  uid: process.getuid?.(),
  which: (program) => Bun.which(program),
  answers,
  users: systemUsers,
};
