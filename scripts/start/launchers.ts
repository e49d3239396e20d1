import { readFileSync } from 'node:fs';

/** An ancestor of this process. */
interface Above {
  pid: number;
  parent: number;
  words: string[];
}

const POLL_MS = 1000;

/**
 * Resolves when a program that launched this one (npx, npm, `bun run`, a shell between them) has ended. Such a program passes on no signal
 * that kills it, and would leave a server that nobody watches. Never resolves where this process was started directly.
 */
export function untilLauncherEnds(): Promise<void> {
  const chain = launchersAbove(process.pid);
  const links = [process.pid, ...chain].slice(0, chain.length).map((pid, index) => ({ pid, parent: chain[index] }));
  return new Promise((resolve) => {
    if (links.length === 0) return;
    const looking = setInterval(() => {
      const parents = parentsOf(links.map(({ pid }) => pid));
      // An ended launcher may remain as a zombie, but its child has another parent by then.
      if (links.every(({ pid, parent }) => parents.get(pid) === parent)) return;
      clearInterval(looking);
      resolve();
    }, POLL_MS);
    looking.unref();
  });
}

/**
 * Returns the launchers directly above a process, the nearest first. A shell counts only between two launchers: one that started us in the
 * background may end while we are meant to stay.
 */
export function launchersAbove(pid: number, look: (pid: number) => Above | null = processOf): number[] {
  const chain: { pid: number; isRunner: boolean }[] = [];
  for (let above = look(look(pid)?.parent ?? 0); above !== null; above = look(above.parent)) {
    const kind = kindOf(above.words);
    if (kind === null) break;
    chain.push({ pid: above.pid, isRunner: kind === 'runner' });
  }
  return chain.slice(0, chain.findLastIndex(({ isRunner }) => isRunner) + 1).map((launcher) => launcher.pid);
}

/** Classifies an ancestor by its command line. npm names its process by its work: `npm exec bun@1.4.5 start`. */
function kindOf(words: string[]): 'runner' | 'shell' | null {
  const [program = '', ...rest] = words;
  const name = program.replace(/ .*/s, '').replace(/^.*\//, '');
  // The package on npm calls its program bun.exe on every system.
  if (/^(bun|bunx|npm|npx|pnpm|yarn)(\.exe)?$/.test(name)) return 'runner';
  if (name === 'node' && /(^|\/)(npm|npx|pnpm|yarn)(-cli)?(\.c?js)?$/.test(rest[0] ?? '')) return 'runner';
  return /^-?(sh|dash|bash|zsh|ash|ksh)$/.test(name) && /^-\w*c$/.test(rest[0] ?? '') ? 'shell' : null;
}

/** Returns a process; null for one that is gone, and for the first of all, which has no parent. */
function processOf(pid: number): Above | null {
  if (pid <= 1) return null;
  if (process.platform === 'linux') {
    const parent = parentOnLinux(pid);
    if (parent === null) return null;
    try {
      return { pid, parent, words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1) };
    } catch {
      return null;
    }
  }
  const [, parent, command] = /^\s*(\d+)\s+(.*)$/s.exec(ps(['-ww', '-o', 'ppid=,command=', '-p', String(pid)])) ?? [];
  return parent && command ? { pid, parent: Number(parent), words: command.trim().split(' ') } : null;
}

function parentsOf(pids: number[]): Map<number, number> {
  if (process.platform === 'linux') return new Map(pids.map((pid) => [pid, parentOnLinux(pid) ?? 0]));
  const lines = ps(['-o', 'pid=,ppid=', '-p', pids.join(',')])
    .trim()
    .split('\n');
  return new Map(
    lines.map((line) => line.trim().split(/\s+/).map(Number)).map(([pid = 0, parent = 0]) => [pid, parent]),
  );
}

function parentOnLinux(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name is in brackets and may hold anything.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function ps(words: string[]): string {
  return Bun.spawnSync(['ps', ...words]).stdout.toString();
}
