import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { allCommands } from './command/commands.fixture.ts';
import { hrmsFolder } from './command/filled-folders.fixture.ts';

// Each test starts processes, and other test files run beside it.
let fixture: Awaited<ReturnType<typeof hrmsFolder>>;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await hrmsFolder({ staff: 1, seed: 1 });
  ({ folder } = fixture);
  await folder.run('migrate', ['-s']);
  await folder.run('backup', ['--name', 'kept', '-s']);
  await folder.run('convert', ['kept', '--name', 'words', '-s']);
});
afterAll(() => fixture[Symbol.asyncDispose]());

/** Words with which a command that takes an argument can be tried again and again. */
const TRIED: Record<string, string[]> = {
  convert: ['-o', 'elsewhere'],
  delete: [],
  find: ['--text', 'x'],
  restore: ['--plan'],
  verify: [],
};
/** Each way to name a backup, and the words of `--help` that promise it. */
const FORMS: { name: string; given: () => string; promised: RegExp }[] = [
  { name: 'the path of an archive', given: () => join(folder.backups, 'kept.zip'), promised: /\bpath of an archive/ },
  { name: 'the name of an archive', given: () => 'kept.zip', promised: /\barchive\b.*\bBACKUP_DIR/ },
  { name: 'the name of an archive without .zip', given: () => 'kept', promised: /without \.zip, too/ },
  {
    name: 'the path of a document',
    given: () => join(folder.backups, 'words.json'),
    promised: /\bpath of .*\ba BackupData document/,
  },
  { name: 'the name of a document', given: () => 'words.json', promised: /\ba BackupData document\b.*\bBACKUP_DIR/ },
  { name: 'stdin', given: () => '-', promised: /(?<![\w-])-(?![\w-])|stdin/ },
];

const commands = (await allCommands()).flatMap(({ name, positional }) => (positional ? [{ name, positional }] : []));

test('every command that takes an argument is tried here', () => {
  expect(commands.map(({ name }) => name).toSorted()).toEqual(Object.keys(TRIED).toSorted());
});

for (const { name: command, positional } of commands) {
  test(`${command} takes what its --help says it takes, and nothing else`, async () => {
    for (const [index, { name, given, promised }] of FORMS.entries()) {
      const into = command === 'convert' ? ['--name', `made${index}`] : [];
      const done = await folder.run(command, [given(), ...(TRIED[command] ?? []), ...into, '--json']);
      const body = jsonOf<{ success: boolean; error?: { message: string } }>(done);
      // Without a terminal `delete` found the file when it asks for its name.
      const taken = body.success || /^There is no terminal/.test(body.error?.message ?? '');
      expect([name, taken, done.stderr]).toEqual([name, promised.test(positional.help), expect.any(String)]);
    }
  });
}

test('find never leads to a document that it would refuse', async () => {
  const { error } = jsonOf<{ error: { hint: string } }>(await folder.run('find', ['words', '--text', 'x', '--json']));
  expect(error.hint).toStartWith('The newest there: kept.zip.');
  const led = jsonOf<{ error: { hint: string } }>(await folder.run('verify', ['words', '--json']));
  expect(led.error.hint).toContain('words.json');
});
