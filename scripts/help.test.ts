import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { type Workplace, workplace } from './command.fixture.ts';

let place: Workplace;
beforeAll(async () => {
  place = await workplace(null);
});
afterAll(() => place[Symbol.asyncDispose]());

/** Each command with the flags of its own that `--help` must explain. */
const COMMANDS: Record<string, string[]> = {
  backup: [
    '-o, --output DIR',
    '--name NAME',
    '--tables a,b',
    '--format archive|json',
    '--compression deflate|zstd',
    '--level N',
    '--jobs N',
    '--strict',
    '--strict-exit',
    '--no-verify',
    '--wait',
    '--check',
  ],
  list: [],
  verify: ['--rows'],
  restore: ['--into URL', '--tables a,b', '--keep-broken-rules', '-y, --yes', '--jobs N', '--wait'],
  migrate: ['--into URL'],
  'break-glass': [],
  demo: ['--staff N', '--seed N'],
};
const COMMON = ['--json', '-v, --verbose', '-s, --silent', '-h, --help'];

for (const [name, flags] of Object.entries(COMMANDS)) {
  test(`${name} --help explains usage, every flag, settings, exit codes and gives examples, and does nothing`, async () => {
    const { code, stdout, stderr } = await place.run(name, ['--help', '--frobnicate']);
    expect([code, stderr]).toEqual([0, '']);
    const [summary = '', ...sections] = stdout.split('\n\n');
    expect(summary).toMatch(/^[A-Z].*\.$/);
    const titles = sections.map((section) => section.split('\n')[0]);
    expect(titles.filter((title) => title !== 'FILE|NAME:')).toEqual([
      'Usage:',
      'Flags:',
      'Environment (bun reads .env itself):',
      'Exit codes:',
      'Examples:',
      `Palace Backup ${manifest.version}`,
    ]);
    expect(stdout).toContain(`bun run scripts/${name}.ts`);
    const explained = (sections.find((section) => section.startsWith('Flags:')) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
    for (const flag of [...flags, ...COMMON]) expect(explained.some((line) => line.startsWith(`${flag} `))).toBe(true);
    expect(explained.length).toBe(flags.length + COMMON.length);
    for (const exitCode of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130])
      expect(stdout).toMatch(new RegExp(`^ +${exitCode}  [a-z]`, 'm'));
  });

  test(`${name} refuses a flag it does not have, naming it`, async () => {
    const { code, stdout, stderr } = await place.run(name, ['--verbsoe']);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe(
      `error: There is no flag --verbsoe. [USAGE]\n  hint: Did you mean --verbose? Run \`bun run scripts/${name}.ts --help\` for what it takes.\n`,
    );
  });
}

test('README.md tells of every command and each flag of its own', async () => {
  const readme = await Bun.file(join(import.meta.dir, '../README.md')).text();
  for (const [name, flags] of Object.entries(COMMANDS)) {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`bun run scripts/${name}.ts`)) ?? '';
    const told = row.replaceAll('\\|', '|');
    expect([name, told]).toEqual([name, expect.stringMatching(/^\| `bun run scripts\/.+ \|$/)]);
    const missing = flags.map((flag) => flag.replace(/^-\w, /, '')).filter((flag) => !told.includes(flag));
    expect([name, missing]).toEqual([name, []]);
  }
});

test('-h is --help, also among other short flags', async () => {
  for (const words of [['-h'], ['-sh']]) expect((await place.run('list', words)).stdout).toContain('Usage:');
});
