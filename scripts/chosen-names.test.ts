import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureBody } from '../server/core/errors.ts';
import { type CommandFolder, jsonOf } from './command/command-folder.fixture.ts';
import { allCommands } from './command/commands.fixture.ts';
import { hrmsFolder } from './command/filled-folders.fixture.ts';

// Each test starts processes, and other test files run beside it.
let fixture: Awaited<ReturnType<typeof hrmsFolder>>;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await hrmsFolder({ staff: 1, seed: 1 });
  ({ folder } = fixture);
  await folder.run('backup', ['--name', 'kept', '-s']);
  await folder.run('convert', ['kept', '-s']);
});
afterAll(() => fixture[Symbol.asyncDispose]());

/** Every way to have a file written under a chosen name, and the ending it gets. */
const WAYS: { command: string; words: string[]; own: string }[] = [
  { command: 'backup', words: [], own: '.zip' },
  { command: 'backup', words: ['--check'], own: '.zip' },
  { command: 'backup', words: ['--format', 'json'], own: '.json' },
  { command: 'backup', words: ['--format', 'json', '--check'], own: '.json' },
  { command: 'convert', words: ['kept.zip'], own: '.json' },
  { command: 'convert', words: ['kept.json'], own: '.zip' },
];

test('every command that takes a name is tried here', async () => {
  const taking = (await allCommands()).filter(({ flags }) => 'name' in flags).map(({ name }) => name);
  expect(taking).toEqual([...new Set(WAYS.map(({ command }) => command))]);
});

for (const { command, words, own } of WAYS) {
  test(`${[command, ...words].join(' ')}: a name that says another format is refused, and its hint works word for word`, async () => {
    for (const [index, ending] of [own === '.zip' ? '.json' : '.zip', '.json.gz'].entries()) {
      const stem = `w${[command, ...words].join('').replaceAll(/\W/g, '')}${index}`;
      const before = await readdir(folder.backups);
      const refused = await folder.run(command, [...words, '--name', stem + ending, '--json']);
      const { error } = jsonOf<FailureBody>(refused);
      expect([refused.code, error.code]).toEqual([4, 'NAME_INVALID']);
      expect(await readdir(folder.backups)).toEqual(before);
      const [, name = '', file = ''] = /^Call it (\S+), which makes (\S+);/.exec(error.hint ?? '') ?? [];
      expect(name + own).toBe(file);
      expect((await folder.run(command, [...words, '--name', name, '-s'])).code).toBe(0);
      if (!words.includes('--check')) expect(await Bun.file(join(folder.backups, file)).exists()).toBe(true);
    }
  });
}
