import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { removeTestServers, startTestServer, stopTestServers, testServers } from '../../../db/testing/servers.ts';
import { TEST_TIMEOUT_MS } from '../../../db/testing/test-timeout.ts';
import { memoryFolder } from '../test-folder.ts';
import { type Breakage, broken } from './breakage.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

const FILE_TIMEOUT_MS = 15 * 60_000;

/** A copy of the project in which the program is broken and tests are run. Disposing it leaves nothing. */
export interface Sandbox extends AsyncDisposable {
  /** Returns what the compiler says when all of these are applied together; null when it says nothing. */
  compile(breakages: readonly Breakage[]): Promise<string | null>;
  /** Runs the tests that stand near, once without any breakage; applies this one, runs them again, and takes it back. */
  attempt(breakage: Breakage): Promise<Outcome>;
}

/** Copies what git tracks, or would, of the project in `root`; packages are those that are installed there. The signal ends what runs. */
export async function openSandbox(root: string, signal: AbortSignal): Promise<Sandbox> {
  const home = await mkdtemp(join(tmpdir(), 'palace-breakages-'));
  const copy = join(home, 'project');
  const memory = await memoryFolder(copy);
  const servers = new SharedServers(join(memory ?? home, 'servers'));
  const dispose = async () => {
    await servers.stop();
    await rm(home, { recursive: true, force: true });
    if (memory !== null) await rm(memory, { recursive: true, force: true });
  };
  try {
    await copyProject(root, copy);
  } catch (error) {
    await dispose();
    throw error;
  }

  const run = async (words: string[], env: Record<string, string> = {}) => {
    signal.throwIfAborted();
    const child = Bun.spawn([process.execPath, ...words], {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
      timeout: FILE_TIMEOUT_MS,
    });
    const stop = () => child.kill();
    signal.addEventListener('abort', stop, { once: true });
    const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    return { code, text };
  };

  const runTests = async ({ tests, named }: Breakage): Promise<Outcome> => {
    await using folder = await temporaryFolder(memory ?? home);
    const report = join(folder.path, 'report.xml');
    const words = [...tests.map((test) => `./${test}`), ...(named === undefined ? [] : ['-t', RegExp.escape(named)])];
    const settings = [`--timeout=${TEST_TIMEOUT_MS}`, '--bail', '--reporter=junit', `--reporter-outfile=${report}`];
    const env = { ...(await servers.addresses()), TMPDIR: folder.path };
    const { code } = await run(['test', ...words, ...settings], env);
    const outcome = outcomeOf(code, await readFile(report, 'utf8').catch(() => null));
    // Tests that did not come to their end may have left roles and settings to the next.
    if (outcome.kind === 'did not run') await servers.stop();
    return outcome;
  };
  /** Outcomes of the same tests on the program as it is. */
  const known = new Map<string, Promise<Outcome>>();
  const soundness = (breakage: Breakage): Promise<Outcome> => {
    const key = JSON.stringify([breakage.tests, breakage.named]);
    const outcome = known.get(key) ?? runTests(breakage);
    known.set(key, outcome);
    return outcome;
  };

  return {
    async compile(breakages) {
      const sources = new Map<string, string>();
      for (const breakage of breakages) {
        const path = join(copy, breakage.file);
        const source = await readFile(path, 'utf8');
        if (!sources.has(path)) sources.set(path, source);
        await writeFile(path, broken(source, breakage));
      }
      // What a breakage takes away leaves names that nobody uses.
      const relaxed = ['--noEmit', '--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
      const { code, text } = await run(['node_modules/typescript7/bin/tsc', ...relaxed, '--project', '.']);
      for (const [path, source] of sources) await writeFile(path, source);
      return code === 0 ? null : text;
    },

    async attempt(breakage) {
      const unbroken = await soundness(breakage);
      if (unbroken.kind === 'found') return { kind: 'failing without it', by: unbroken.by };
      if (unbroken.kind !== 'survived') return unbroken;
      const path = join(copy, breakage.file);
      const source = await readFile(path, 'utf8');
      await writeFile(path, broken(source, breakage));
      try {
        return await runTests(breakage);
      } finally {
        await writeFile(path, source);
      }
    },

    [Symbol.asyncDispose]: dispose,
  };
}

/** One PostgreSQL of each kind for all attempts, as one run of the tests has it. */
class SharedServers {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async addresses(): Promise<Record<string, string>> {
    const addresses: Record<string, string> = {};
    for (const server of testServers())
      addresses[`TEST_PG${server}_URL`] = (await startTestServer(server, this.folder)).adminUrl();
    return addresses;
  }

  async stop(): Promise<void> {
    await stopTestServers();
    await removeTestServers(this.folder);
  }
}

async function copyProject(root: string, copy: string): Promise<void> {
  const listed = Bun.spawn(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const files = (await new Response(listed.stdout).text()).split('\0').filter((file) => file !== '');
  if ((await listed.exited) !== 0 || files.length === 0)
    throw new Error('git does not say which files are the project.');
  for (const file of files) {
    const source = Bun.file(join(root, file));
    // Tracked, and removed since.
    if (!(await source.exists())) continue;
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await cp(join(root, file), join(copy, file));
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Makes a temporary folder as the test command does: programs that run as somebody else make files of their own in it. */
async function temporaryFolder(parent: string): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(parent, 'tests-'));
  await chmod(path, 0o1777);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
