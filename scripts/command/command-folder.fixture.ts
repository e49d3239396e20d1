import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MARKER } from '../../server/storage/local/folder-marker.ts';

/** Milliseconds to wait for a text: a test that hangs says why before the runner kills it. */
const TIMEOUT_MS = 20_000;

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Started {
  /** Resolves when stderr holds the text; rejects when the command ends without it. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  finished: Promise<Finished>;
}

/** A folder of its own to run commands in: no `.env`, no backups but theirs. */
export interface CommandFolder extends AsyncDisposable {
  dir: string;
  backups: string;
  /** Starts `scripts/<name>.ts` as a person or cron would, without a terminal. */
  start(name: string, args: string[], env?: Record<string, string>): Started;
  run(name: string, args: string[], env?: Record<string, string>): Promise<Finished>;
  /** Runs it on a terminal of its own, types once it shows the given text (or at once), and returns all that it showed. */
  onTerminal(
    name: string,
    args: string[],
    typed: string,
    env?: Record<string, string>,
    afterShowing?: string,
  ): Promise<{ code: number; shown: string }>;
  /** Lists everything in the backup folder, temporaries too. */
  files(): Promise<string[]>;
}

/** Creates a folder whose commands use this database, null for none. */
export async function commandFolder(databaseUrl: string | null): Promise<CommandFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'palace backup '));
  const backups = join(dir, 'backups');
  const base = {
    PATH: process.env.PATH ?? '',
    HOME: dir,
    USER: 'tester',
    BACKUP_DIR: backups,
    BACKUP_JOBS: '2',
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
  };
  const script = (name: string) => join(import.meta.dir, '..', `${name}.ts`);

  const start = (name: string, args: string[], env: Record<string, string> = {}): Started => {
    // A session of its own, as cron gives: the terminal the tests were started on must not be asked.
    const child = Bun.spawn(['setsid', '--wait', process.execPath, script(name), ...args], {
      cwd: dir,
      env: { ...base, ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    let received = '';
    const listeners = new Set<() => void>();
    const stderr = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of child.stderr) {
        received += decoder.decode(bytes, { stream: true });
        for (const listener of listeners) listener();
      }
      return received;
    })();
    const finished = (async () => {
      const [stdout, errors, code] = await Promise.all([child.stdout.text(), stderr, child.exited]);
      return { code, stdout, stderr: errors };
    })();
    return {
      finished,
      signal: (signalName) => void child.kill(signalName),
      says: (text) =>
        new Promise((resolve, reject) => {
          const check = () => received.includes(text) && resolve();
          listeners.add(check);
          check();
          const giveUp = (why: string) => reject(new Error(`${why} without saying ${text}: ${received}`));
          setTimeout(() => giveUp('it went on'), TIMEOUT_MS).unref();
          void finished.then(() => giveUp('it ended'));
        }),
    };
  };

  return {
    dir,
    backups,
    start,
    run: (name, args, env) => start(name, args, env).finished,
    // util-linux's `script` is the terminal.
    async onTerminal(name, args, typed, env = {}, afterShowing = '') {
      const line = [process.execPath, script(name), ...args]
        .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
        .join(' ');
      const child = Bun.spawn(['script', '--quiet', '--return', '--command', line, '/dev/null'], {
        cwd: dir,
        env: { ...base, TERM: 'xterm', ...env },
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'ignore',
      });
      const decoder = new TextDecoder();
      let shown = '';
      let isTyped = false;
      const type = () => {
        if (isTyped || !shown.includes(afterShowing)) return;
        isTyped = true;
        child.stdin.write(typed);
        child.stdin.flush();
      };
      type();
      for await (const bytes of child.stdout) {
        shown += decoder.decode(bytes, { stream: true });
        type();
      }
      child.stdin.end();
      return { code: await child.exited, shown };
    },
    files: async () => (await readdir(backups).catch(() => [])).filter((name) => name !== MARKER).sort(),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Returns the one JSON object of a run with --json; throws when stdout holds anything else. */
export function jsonOf<Body>(run: Finished): Body {
  if (!/^\{.*\}\n$/.test(run.stdout)) throw new Error(`stdout is not one line of JSON: ${run.stdout}\n${run.stderr}`);
  return JSON.parse(run.stdout);
}
