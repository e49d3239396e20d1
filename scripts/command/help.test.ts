import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { operationRequest } from '../../server/jobs/queue/requests.ts';
import { EXIT_CODES } from '../../server/process/exit-codes.ts';
import { FIRST_COMMANDS } from '../../server/process/front-page/first-commands.ts';
import { firstCommandLines } from '../start.ts';
import { helpOf, readCommandLine } from './cli.ts';
import { type CommandFolder, commandFolder } from './command-folder.fixture.ts';
import { type AnyCommand, allCommands } from './commands.fixture.ts';
import { spelled } from './help.ts';

let folder: CommandFolder;
beforeAll(async () => {
  folder = await commandFolder(null);
});
afterAll(() => folder[Symbol.asyncDispose]());

const commands = await allCommands();
const COMMON = ['--json', '-v, --verbose', '-s, --silent', '-h, --help'];

for (const command of commands) {
  const { name, flags } = command;
  test(`${name} --help explains usage, every flag, settings, exit codes and gives examples`, () => {
    const stdout = helpOf(command);
    const [summary = '', ...sections] = stdout.split('\n\n');
    expect(summary).toMatch(/^[A-Z].*\.$/);
    const titles = sections.map((section) => section.split('\n')[0]);
    expect(titles.filter((title) => !/^[A-Z|]+:$/.test(title ?? ''))).toEqual([
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
    const own = Object.entries(flags).map(([flag, spec]) =>
      spec.short ? `-${spec.short}, ${spelled(flag, spec)}` : spelled(flag, spec),
    );
    for (const flag of [...own, ...COMMON]) expect(explained.some((line) => line.startsWith(`${flag} `))).toBe(true);
    expect(explained.length).toBe(own.length + COMMON.length);
    for (const [exitCode, words] of Object.entries(EXIT_CODES)) expect(stdout).toContain(` ${exitCode}  ${words}\n`);
  });

  test(`${name} refuses a flag it does not have, naming it`, () => {
    expect(() => readCommandLine(command, ['--verbsoe'])).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: 'There is no flag --verbsoe.',
        hint: expect.stringMatching(
          new RegExp(
            `^Its flags are .*--verbose.*\\. Run \`bun run scripts/${name}\\.ts --help\` for what it takes\\.$`,
          ),
        ),
      }),
    );
  });
}

test('--help is answered on stdout, whatever else stands there, and nothing is done', async () => {
  const backup = commands.find(({ name }) => name === 'backup');
  expect(await folder.run('backup', ['--help', '--frobnicate'], { DATABASE_URL: 'nonsense' })).toEqual({
    code: 0,
    stdout: backup ? helpOf(backup) : '',
    stderr: '',
  });
});

describe('README.md', async () => {
  const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text();
  /** Returns the rows of the table under this heading, as cells. */
  const tableUnder = (head: string) => {
    const lines = readme.slice(readme.indexOf(head)).split('\n').slice(2);
    const cells = (line: string) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    return lines.slice(0, lines.indexOf('')).map((line) => cells(line).slice(1, -1));
  };

  test('has a row for every command', () => {
    const told = tableUnder('| command | does |').map(([command]) => command);
    const words = ({ name, positional }: AnyCommand) => `scripts/${name}.ts${positional ? ` ${positional.value}` : ''}`;
    expect(told.toSorted()).toEqual(commands.map((command) => `\`bun run ${words(command)}\``).toSorted());
  });

  test('has a row for every flag, which names the commands that take it and no other', () => {
    const told = tableUnder('| flag | of | does |').map(([flag = '', of]) => [flag.replaceAll('`', ''), of]);
    const takers = Map.groupBy(
      commands.flatMap(({ name, flags }) => Object.entries(flags).map(([flag, spec]) => [spelled(flag, spec), name])),
      ([flag]) => flag,
    );
    const sorted = (names: string | undefined) => names?.split(', ').toSorted().join(', ');
    expect(told.map(([flag, of]) => [flag, sorted(of)]).toSorted()).toEqual(
      [...takers].map(([flag, names]) => [flag, sorted(names.map(([, name]) => name).join(', '))]).toSorted(),
    );
  });

  test('gives every exit code the words of --help', () => {
    const plain = (text = '') => text.replaceAll('`', '');
    expect(
      Object.fromEntries(tableUnder('| exit code | means |').map(([code, means]) => [code, plain(means)])),
    ).toEqual(EXIT_CODES);
  });
});

test('operations names every kind there is, in --help and in README.md', async () => {
  const kinds = operationRequest.options.map(({ shape }) => shape.kind.value);
  const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text();
  const told = commands.find(({ name }) => name === 'operations')?.summary ?? '';
  const row = readme.split('\n').find((line) => line.startsWith('| `bun run scripts/operations.ts`')) ?? '';
  expect(kinds.length).toBeGreaterThan(4);
  for (const text of [told, row])
    expect([text, kinds.filter((kind) => !new RegExp(`\\b${kind}\\b`).test(text))]).toEqual([text, []]);
});

test('`bun start` and the front page lead to commands, flags and arguments that there are, a plan before a restore', () => {
  const flagsOf = (name: string) => commands.find((command) => command.name === name);
  for (const { words, database } of FIRST_COMMANDS) {
    const [script = '', ...argv] = words.split(' ');
    const command = flagsOf(script.replace(/\.ts$/, ''));
    if (!command) throw new Error(`there is no ${script}`);
    expect(() => readCommandLine(command, argv)).not.toThrow();
    expect([words, 'demo' in command.flags]).toEqual([words, database]);
  }
  const told = FIRST_COMMANDS.map(({ words }) => words);
  expect(told.indexOf('restore.ts NAME --plan')).toBe(told.indexOf('restore.ts NAME') - 1);
  expect(told).toContain('restore.ts NAME --plan');
  const [first = '', , third = '', fourth = ''] = firstCommandLines(true);
  expect(first).toMatch(/^ {2}bun run scripts\/backup\.ts --demo {2,}make a backup$/);
  expect(third).not.toContain('--demo');
  expect(fourth).toContain('scripts/restore.ts NAME --plan --demo  ');
  expect(firstCommandLines(false).join('')).not.toContain('--demo');
});

test('-h is --help, also among other short flags', async () => {
  for (const words of [['-h'], ['-sh']]) expect((await folder.run('list', words)).stdout).toContain('Usage:');
});
