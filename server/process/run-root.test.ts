import { expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
/** Every program that is started without a command's own flags, with the line that people type. */
const PROGRAMS = [
  { file: 'server/main.ts', line: 'bun server/main.ts' },
  { file: 'scripts/start.ts', line: 'bun start' },
];

/** Runs a program in an empty folder, and returns what it said and left behind. */
async function run(file: string, words: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'root-test-'));
  try {
    const { DATABASE_URL: _, ...env } = process.env;
    const child = Bun.spawn([process.execPath, join(ROOT, file), ...words], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { stdout, stderr, exitCode, left: await readdir(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const { file, line } of PROGRAMS) {
  for (const word of ['--help', '-h'])
    test(`${line} ${word} explains itself, and starts nothing`, async () => {
      const { stdout, stderr, exitCode, left } = await run(file, [word]);
      expect(stdout).toContain(`Usage:\n  ${line}\n`);
      expect(stdout).toContain('.env.example');
      expect({ stderr, exitCode, left }).toEqual({ stderr: '', exitCode: 0, left: [] });
    });

  test(`${line} refuses every argument, names the flag and no value, and starts nothing`, async () => {
    for (const words of [['--port', '4000'], ['--database=postgres://me:secret@db/x'], ['postgres://me:secret@db/x']]) {
      const { stdout, stderr, exitCode, left } = await run(file, words);
      expect(stderr).toContain(`\`${line}\` takes no arguments`);
      expect(stderr).toContain('[USAGE]');
      if (words[0]?.startsWith('-')) expect(stderr).toContain(words[0].split('=')[0] ?? '');
      expect(stderr).not.toMatch(/secret|4000/);
      expect({ stdout, exitCode, left }).toEqual({ stdout: '', exitCode: 4, left: [] });
    }
  });
}
