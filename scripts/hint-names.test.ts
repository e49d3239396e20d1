import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import ts from 'typescript';
import packageJson from '../package.json' with { type: 'json' };
import { SETTING_NAMES } from '../server/process/config.ts';
import { COMMON_FLAGS } from './command/cli.ts';
import { allCommands } from './command/commands.fixture.ts';
import { locationOf, nodesOf, programFiles } from './program-files.fixture.ts';

/** Words that look like a setting of ours but are none. */
const NO_SETTINGS: Record<string, string> = {
  ALLOW_CONNECTIONS: 'an option of ALTER DATABASE',
  IN_PROGRESS: 'a value of the demo data',
  ON_ERROR_STOP: 'a variable of psql',
  SQL_ASCII: 'an encoding of PostgreSQL',
  SUPER_ADMIN: 'a role of the HRMS',
};

interface Said {
  location: string;
  /** One sentence of the program, without the values inserted into it. */
  text: string;
}

/** Finds every text with words for people: messages, hints and help. A text nested in another counts on its own as well. */
async function everySentence(): Promise<Said[]> {
  const found: Said[] = [];
  for await (const source of programFiles()) {
    for (const node of nodesOf(source)) {
      const text = ts.isTemplateExpression(node)
        ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…')
        : ts.isStringLiteralLike(node)
          ? node.text
          : '';
      // A style sheet is no sentence.
      if (/[a-z]+ [a-z]+/.test(text) && !text.includes('var(--')) found.push({ location: locationOf(node), text });
    }
  }
  return found;
}

const said = await everySentence();
const commands = await allCommands();
const flagsOf = new Map(
  commands.map(({ name, flags }) => [name, new Set([...Object.keys(flags), ...Object.keys(COMMON_FLAGS)])]),
);

/** Returns matches of the pattern in sentences that `exists` does not know. At least `least` must match, or nothing was checked. */
function unknown(pattern: RegExp, least: number, exists: (...groups: string[]) => boolean): string[] {
  const named = said.flatMap(({ location, text }) =>
    [...text.matchAll(pattern)].map(([whole, ...groups]) => ({ location, whole, groups })),
  );
  expect(named.length).toBeGreaterThanOrEqual(least);
  return named.filter(({ groups }) => !exists(...groups)).map(({ location, whole }) => `${location}: ${whole}`);
}

test('every flag that a message or hint names is one that a command has', () => {
  const all = new Set([...flagsOf.values()].flatMap((flags) => [...flags]));
  expect(unknown(/(?<![\w-])(?<!bun )--([a-z][a-z-]*)/g, 40, (flag = '') => all.has(flag))).toEqual([]);
});

test('every command that a message or hint names is there, and takes the flags named with it', () => {
  expect(unknown(/\bscripts\/([a-z-]+)\.ts/g, 20, (name = '') => flagsOf.has(name))).toEqual([]);
  expect(
    unknown(
      /\bscripts\/([a-z-]+)\.ts(?: [A-Z]+)? --([a-z-]+)/g,
      3,
      (name = '', flag = '') => flagsOf.get(name)?.has(flag) ?? false,
    ),
  ).toEqual([]);
  const scripts = new Set(Object.keys(packageJson.scripts));
  const runnable = (word = '') => scripts.has(word) || ['add', 'install'].includes(word) || existsSync(word);
  expect(unknown(/`bun (?:run )?([\w./-]+)/g, 10, runnable)).toEqual([]);
});

test('every setting that a message or hint names is one', () => {
  const known = new Set<string>([...SETTING_NAMES, ...Object.keys(NO_SETTINGS)]);
  expect(unknown(/(?<![\w…])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g, 40, (name = '') => known.has(name))).toEqual([]);
});

/** Returns the source of a noun's router, in the API's folder or in a subfolder of its own. */
async function sourceOf(noun: string): Promise<string> {
  const files = [`server/api/${noun}.ts`, `server/api/${noun}/${noun}.ts`].map((file) => Bun.file(file));
  const texts = await Promise.all(files.map(async (file) => ((await file.exists()) ? file.text() : '')));
  return texts.join('');
}

test('every procedure that a message or hint names is there', async () => {
  const source = new Map<string, string>();
  for (const noun of ['auth', 'audit', 'backups', 'operations', 'restores', 'system', 'tokens', 'uploads'])
    source.set(noun, await sourceOf(noun));
  source.set('backups', `${source.get('backups')}${await Bun.file('server/api/backups/rows.ts').text()}`);
  const exists = (noun = '', verb = '') => new RegExp(`^ +${verb}[:,(]`, 'm').test(source.get(noun) ?? '');
  expect(
    unknown(
      new RegExp(`(?<!scripts/)\\b(${[...source.keys()].join('|')})\\.([a-z][a-zA-Z]+)\\b(?! =)`, 'g'),
      4,
      exists,
    ),
  ).toEqual([]);
});
