import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Bench, MIGRATED, SOURCE } from './bench.ts';
import type { Contender, Measured } from './contender.ts';
import { refuseOtherRows } from './rows.ts';
import { runProgram } from './run-program.ts';

const TARGET = 'bench_our_target';
const SCRIPTS = join(import.meta.dir, '../..');
/** Number of jobs: the peers' `-j2`, whatever the machine has. */
const JOBS = '2';

const backupData = z.object({ totalRecords: z.number(), size: z.number(), durationMs: z.number() });
const verifyData = z.object({ ok: z.literal(true), bytes: z.number(), durationMs: z.number() });
const findData = z.object({ complete: z.literal(true), hits: z.array(z.unknown()).length(0), durationMs: z.number() });
const restoreData = z.object({ durationMs: z.number(), lockedMs: z.number() });

/** Our own scripts, each as a separate process, as a person runs them. */
export const OURS: Contender[] = [
  { key: 'backup-deflate', label: 'ours: backup, deflate', run: (bench) => backup(bench, 'deflate') },
  { key: 'backup-zstd', label: 'ours: backup, zstd', run: (bench) => backup(bench, 'zstd') },
  { key: 'verify', label: 'ours: verify, all bytes', run: verify },
  { key: 'find', label: 'ours: find, all rows', run: find },
  { key: 'restore-empty', label: 'ours: restore, empty target', run: restoreIntoEmpty },
  { key: 'restore-full', label: 'ours: backup, then restore over full', run: restoreOverFull },
];

/** Runs one of the scripts and returns the `data` of its `--json` output. */
export async function runScript<Data>(
  bench: Bench,
  script: string,
  words: string[],
  database: string,
  data: z.ZodType<Data>,
) {
  const run = await runProgram([process.execPath, join(SCRIPTS, script), ...words, '--json', '--silent'], {
    cwd: bench.files,
    env: {
      PATH: '/usr/bin:/bin',
      DATABASE_URL: bench.server.url(database),
      BACKUP_DIR: bench.files,
      BACKUP_JOBS: JOBS,
    },
    signal: bench.signal,
    stdout: 'keep',
  });
  const line: unknown = JSON.parse(run.text.trim().split('\n').at(-1) ?? '');
  return { ...run, data: z.object({ data }).parse(line).data };
}

/** Measures a backup with its default read-back, until the archive is under its name; `wallSeconds` has the whole process. */
async function backup(bench: Bench, compression: 'deflate' | 'zstd'): Promise<Measured> {
  await removeArchive(bench, compression);
  const words = ['--compression', compression, '--name', compression];
  const { seconds, peakRss, data } = await runScript(bench, 'backup.ts', words, SOURCE, backupData);
  return { seconds: data.durationMs / 1000, wallSeconds: seconds, size: data.size, peakRss };
}

async function verify(bench: Bench): Promise<Measured> {
  const name = await plainArchive(bench);
  const { seconds, peakRss, data } = await runScript(bench, 'verify.ts', [name], SOURCE, verifyData);
  return { seconds: data.durationMs / 1000, wallSeconds: seconds, peakRss, rowBytes: data.bytes };
}

/** Searches for a text that occurs nowhere, so that every row is examined. */
async function find(bench: Bench): Promise<Measured> {
  const name = await plainArchive(bench);
  const words = [name, '--text', 'nobody has this name'];
  const { seconds, peakRss, data } = await runScript(bench, 'find.ts', words, SOURCE, findData);
  return { seconds: data.durationMs / 1000, wallSeconds: seconds, peakRss };
}

async function restoreIntoEmpty(bench: Bench): Promise<Measured> {
  const name = await plainArchive(bench);
  await bench.server.recreate(TARGET, MIGRATED);
  return await restore(bench, name);
}

/** Measures a restore over full tables. The way back is part of the promise, therefore part of the time. */
async function restoreOverFull(bench: Bench): Promise<Measured> {
  const name = await plainArchive(bench);
  await bench.server.recreate(TARGET, SOURCE);
  const words = ['--name', 'safety', '--no-verify'];
  await bench.server.query('postgres', 'CHECKPOINT');
  const safety = await runScript(bench, 'backup.ts', words, TARGET, backupData);
  const restored = await restore(bench, name);
  await removeArchive(bench, 'safety');
  const peakRss = Math.max(safety.peakRss ?? 0, restored.peakRss ?? 0) || null;
  return {
    ...restored,
    seconds: safety.data.durationMs / 1000 + restored.seconds,
    wallSeconds: safety.seconds + restored.wallSeconds,
    peakRss,
  };
}

/** Measures a restore until the rows are in; `wallSeconds` includes the ANALYZE that pg_restore leaves to the user. */
async function restore(bench: Bench, name: string) {
  await bench.server.query('postgres', 'CHECKPOINT');
  const { seconds, peakRss, data } = await runScript(bench, 'restore.ts', [name, '--yes'], TARGET, restoreData);
  await refuseOtherRows(bench, TARGET, 'our restore');
  await bench.server.drop(TARGET);
  return { seconds: data.durationMs / 1000, wallSeconds: seconds, peakRss, lockedSeconds: data.lockedMs / 1000 };
}

/** Returns the deflate archive, creating it when missing. */
export async function plainArchive(bench: Bench): Promise<string> {
  const made = await stat(join(bench.files, 'deflate.zip')).catch(() => null);
  if (!made) await backup(bench, 'deflate');
  return 'deflate.zip';
}

async function removeArchive(bench: Bench, name: string): Promise<void> {
  for (const file of [`${name}.zip`, `${name}.zip.json`]) await rm(join(bench.files, file), { force: true });
}
