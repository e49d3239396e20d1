import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const MODULE = /\.[cm]?[jt]s$/;
const MAGIC = /[*?[\]{}()!]/;

/** Splits a list of paths and patterns at its commas; a comma within braces belongs to its pattern. */
export function splitPatterns(text: string): string[] {
  return text
    .split(/,(?![^{]*\})/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * Returns the files that paths and patterns name, sorted, or none. As in drizzle-kit, each is a file, a folder's own modules (no
 * subfolders), or a glob of files and folders. A path that exists as written is no pattern.
 */
export async function findFiles(patterns: readonly string[], folder: string): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const literal = resolve(folder, pattern);
    const paths = (await exists(literal)) ? [literal] : await match(pattern, folder);
    for (const path of paths) for (const file of await filesIn(path, path === literal)) found.add(file);
  }
  return [...found].sort();
}

/** Returns the plain paths that name nothing: a pattern may match nothing, but a path must exist. */
export async function missingPaths(patterns: readonly string[], folder: string): Promise<string[]> {
  const plain = patterns.filter((pattern) => !MAGIC.test(pattern));
  const there = await Promise.all(plain.map((pattern) => exists(resolve(folder, pattern))));
  return plain.filter((_, at) => !there[at]);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function match(pattern: string, folder: string): Promise<string[]> {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => MAGIC.test(part));
  if (first === -1) return [];
  const base = resolve(folder, parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.'));
  if (!(await exists(base))) return [];
  const glob = new Bun.Glob(parts.slice(first).join('/'));
  return Array.fromAsync(glob.scan({ cwd: base, absolute: true, onlyFiles: false }));
}

/** Returns the files at a place. A named file is taken whatever its name; elsewhere only modules can hold a schema. */
async function filesIn(place: string, named: boolean): Promise<string[]> {
  if (!(await stat(place)).isDirectory()) return named || MODULE.test(place) ? [place] : [];
  const modules = (await readdir(place)).filter((name) => MODULE.test(name)).map((name) => join(place, name));
  const plain = await Promise.all(modules.map(async (file) => !(await stat(file)).isDirectory()));
  return modules.filter((_, at) => plain[at]);
}
