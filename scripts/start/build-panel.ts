import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Manifest } from 'vite';
import { waitForFileLock } from '../../db/embedded/file-lock.ts';
import { AppError } from '../../server/core/errors.ts';

const root = join(import.meta.dir, '../..');
const TARGET = join(root, 'dist/web');
/** File in the built folder that names the sources it was built from. */
const STAMP = '.built-from';
/** Lock held during a build. */
const LOCK = join(root, 'dist/.building');
const LONGEST_BUILD_MS = 120_000;

/** Bytes (gzip) of script that a browser may load before the first page can be used. */
export const FIRST_LOAD_LIMIT = 100 * 1000;

export interface BuiltPanel {
  /** Bytes (gzip) of the first load's scripts, and of its styles. */
  firstLoadBytes: number;
  styleBytes: number;
  /** Scripts that are loaded when they are needed, largest first. */
  later: { name: string; bytes: number }[];
}

/** Ensures that `dist/web` holds the panel of these very sources; of several processes only one builds. Calls `onBuild` before a build. */
export async function ensurePanel(onBuild: () => void = () => undefined): Promise<void> {
  if (await panelIsBuilt()) return;
  await locked(async () => {
    if (await panelIsBuilt()) return;
    onBuild();
    await build();
  });
}

/** Builds the panel elsewhere and renames it into place: readers meanwhile find the old one, the new one or none, never half of one. */
export function buildPanel(): Promise<BuiltPanel> {
  return locked(build);
}

async function locked<Result>(work: () => Promise<Result>): Promise<Result> {
  await mkdir(join(root, 'dist'), { recursive: true });
  using lock = await waitForFileLock(LOCK, 'exclusive', LONGEST_BUILD_MS);
  if (lock) return await work();
  throw new AppError('OPERATION_IN_PROGRESS', 'Another process has been building the panel for two minutes.', {
    hint: 'Wait for it, or end it.',
  });
}

/** Returns true when `dist/web` holds the panel of these very sources. */
async function panelIsBuilt(): Promise<boolean> {
  const stamp = await Bun.file(join(TARGET, STAMP))
    .text()
    .catch(() => null);
  return stamp !== null && stamp === (await sourcesDigest());
}

async function build(): Promise<BuiltPanel> {
  const vite = await import('vite');
  const digest = await sourcesDigest();
  const fresh = `${TARGET}.${process.pid}`;
  const old = `${fresh}.old`;
  try {
    await vite.build({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'error', build: { outDir: fresh } });
    const measured = await measure(fresh);
    await Bun.write(join(fresh, STAMP), digest);
    await rename(TARGET, old).catch(unlessMissing);
    await rename(fresh, TARGET);
    return measured;
  } finally {
    for (const folder of [fresh, old]) await rm(folder, { recursive: true, force: true });
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

/** Returns the sizes in words. */
export function panelSizes({ firstLoadBytes, styleBytes, later }: BuiltPanel): string {
  const kilo = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const rest = later.map(({ name, bytes }) => `${name} ${kilo(bytes)}`).join(', ');
  return `Panel, gzip: first load ${kilo(firstLoadBytes)} of script (at most ${kilo(FIRST_LOAD_LIMIT)}), ${kilo(styleBytes)} of style; when needed: ${rest}.`;
}

async function measure(folder: string): Promise<BuiltPanel> {
  const manifest: Manifest = await Bun.file(join(folder, '.vite/manifest.json')).json();
  const size = async (file: string) => Bun.gzipSync(await Bun.file(join(folder, file)).bytes()).length;
  const sum = async (files: Iterable<string>) =>
    (await Promise.all([...files].map(size))).reduce((total, bytes) => total + bytes, 0);

  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry) ?? '';
  const first = new Set<string>();
  const styles = new Set<string>();
  const follow = (key: string) => {
    const chunk = manifest[key];
    if (!chunk || first.has(chunk.file)) return;
    first.add(chunk.file);
    for (const style of chunk.css ?? []) styles.add(style);
    for (const next of chunk.imports ?? []) follow(next);
  };
  follow(entry);
  const others = Object.values(manifest).filter(({ file }) => file.endsWith('.js') && !first.has(file));
  const later = await Promise.all(
    others.map(async ({ file }) => ({ name: basename(file).replace(/-[\w-]{8}\.js$/, ''), bytes: await size(file) })),
  );
  return {
    firstLoadBytes: await sum(first),
    styleBytes: await sum(styles),
    later: later.toSorted((a, b) => b.bytes - a.bytes),
  };
}

/** Returns a digest of all that the panel is built from: its own files, and which packages. */
async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256');
  const own = [...new Bun.Glob('web/**/*').scanSync(root)].filter(
    (file) => !/\.test\.ts$|^web\/(e2e|screenshots)\//.test(file),
  );
  for (const file of [...own, 'bun.lock'].toSorted()) {
    hash.update(file).update('\0');
    hash.update(await Bun.file(join(root, file)).bytes());
  }
  return hash.digest('hex');
}
