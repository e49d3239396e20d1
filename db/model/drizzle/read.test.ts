import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rejection } from '../../testing/code-of.fixture.ts';
import { qualifiedName } from '../model.ts';
import { readSchema } from './read.ts';

const ROOT = join(import.meta.dir, '../../..');
const IMPORT = `import { integer, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';\n`;
const table = (name: string, key = name) =>
  `export const ${key} = pgTable('${name}', { id: integer().primaryKey(), firstName: text() });\n`;

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'an application ')));
  // An application has packages of its own.
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['drizzle-orm', 'drizzle-kit'])
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
});
afterAll(() => rm(folder, { recursive: true }));

let counter = 0;
/** Writes files into a new folder and returns its path. */
async function project(files: Record<string, string>): Promise<string> {
  const dir = join(folder, `p${counter++}`);
  for (const [name, text] of Object.entries(files)) await Bun.write(join(dir, name), text);
  return dir;
}
const read = async (dir: string, path: string, limitMs = 20_000) =>
  readSchema({ path, cwd: dir, casing: null, wantsDatabase: true }, { limitMs });
const namesOf = async (dir: string, path: string) => (await read(dir, path)).model.tables.map(qualifiedName).join(' ');
const config = (more: string) => `export default { dialect: 'postgresql', ${more} };`;

describe('BACKUP_SCHEMA', () => {
  test('may be a module, a folder, a pattern, a list, or CommonJS, and one table in several of them is one', async () => {
    const dir = await project({
      'schema/one.ts': IMPORT + table('one'),
      'schema/two.ts': `${IMPORT}export { one as again } from './one.ts';\n${table('two')}`,
      'schema/notes.md': 'x',
      'common.cjs': `const { integer, pgTable } = require('drizzle-orm/pg-core');\nmodule.exports = { three: pgTable('three', { id: integer() }) };`,
    });
    expect(await namesOf(dir, 'schema/one.ts')).toBe('public.one');
    for (const path of [
      'schema',
      './schema/*.ts',
      'schema/one.ts,schema/two.ts',
      'schema/{one,two}.ts',
      join(dir, 'schema'),
    ])
      expect([path, await namesOf(dir, path)]).toEqual([path, 'public.one public.two']);
    await Bun.write(join(dir, 'a, b/[x].ts'), IMPORT + table('four'));
    for (const path of ['a, b/[x].ts', 'a, b']) expect(await namesOf(dir, path)).toBe('public.four');
    expect(await namesOf(dir, 'common.cjs,schema')).toBe('public.one public.three public.two');
  });

  test('may use one name for tables of two schemas in two files; both have a key of their own', async () => {
    const dir = await project({
      'a.ts': `${IMPORT}export const users = pgTable('users', { id: integer() });`,
      'b.ts': `${IMPORT}export const users = pgSchema('auth').table('users', { id: integer() });`,
    });
    const { model } = await read(dir, 'a.ts,b.ts');
    expect(model.tables.map((one) => one.key)).toEqual(['auth.users', 'public.users']);
  });

  test('counts top-level exports only, as drizzle-kit does', async () => {
    const dir = await project({
      'inner.ts': IMPORT + table('inner'),
      'schema.ts': `${IMPORT}export * as auth from './inner.ts';\n${table('outer')}const hidden = pgTable('hidden', { id: integer() });\nexport const all = { hidden };`,
      'default.ts': `${IMPORT}export default pgTable('by_default', { id: integer() });`,
    });
    expect(await namesOf(dir, 'schema.ts')).toBe('public.outer');
    expect(await namesOf(dir, 'default.ts')).toBe('public.by_default');
  });

  test('is read through the paths of its own tsconfig.json', async () => {
    const dir = await project({
      'tsconfig.json': JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '@/*': ['./src/*'] } } }),
      'src/tables.ts': IMPORT + table('aliased'),
      'schema.ts': `export * from '@/tables';`,
    });
    expect(await namesOf(dir, 'schema.ts')).toBe('public.aliased');
  });

  test('may be a drizzle.config: its schema, casing and filters, from its own folder or one above, wherever the command is run', async () => {
    const files = {
      'src/a.ts': IMPORT + table('app_a') + table('other'),
      'src/b.ts': `${IMPORT}export const b = pgSchema('auth').table('app_b', { id: integer() });`,
      'drizzle.config.ts': config(
        `schema: './src/*.ts', casing: 'snake_case', tablesFilter: ['app_*'], schemaFilter: ['public']`,
      ),
      'whole.config.js': config(`schema: ['./src/a.ts', 'src/b.ts']`),
      'deep/drizzle.config.mjs': config(`schema: './src'`),
      'drizzle.config.json': JSON.stringify({ dialect: 'postgresql', schema: 'src' }),
      'old.config.cjs': `module.exports = { driver: 'pg', schema: 'src' };`,
      'kit.config.ts': `import { defineConfig } from 'drizzle-kit';\nexport default defineConfig({ dialect: 'postgresql', schema: 'src' });`,
      'made.config.ts': `const make = (c: object) => c;\nexport default async () => make({ dialect: 'postgresql', schema: 'src' });`,
    };
    const dir = await project(files);
    const { model } = await read('/', join(dir, 'drizzle.config.ts'));
    expect(model.tables.map(qualifiedName)).toEqual(['public.app_a']);
    expect(model.tables[0]?.columns.map((column) => column.name)).toEqual(['id', 'first_name']);
    const all = 'auth.app_b public.app_a public.other';
    for (const name of [
      'whole.config.js',
      'deep/drizzle.config.mjs',
      'drizzle.config.json',
      'old.config.cjs',
      'kit.config.ts',
      'made.config.ts',
    ])
      expect([name, await namesOf('/', join(dir, name))]).toEqual([name, all]);
  });

  test('may be a drizzle.config that reads its own .env for the database', async () => {
    const dir = await project({
      '.env': 'APP_DATABASE=postgres://me:secret@db.example/app',
      'schema.ts': IMPORT + table('t'),
      'drizzle.config.ts': config(`schema: './schema.ts', dbCredentials: { url: process.env.APP_DATABASE }`),
    });
    expect((await read('/', join(dir, 'drizzle.config.ts'))).databaseUrl).toBe('postgres://me:secret@db.example/app');
  });

  test('is refused with what is wrong: missing, empty, for another dialect, filtered away, or a schema that is not there', async () => {
    const dir = await project({
      'empty.ts': 'export const nothing = 1;',
      'schema.ts': IMPORT + table('t'),
      'mysql.config.ts': `export default { dialect: 'mysql', schema: './schema.ts' };`,
      'away.config.ts': config(`schema: './schema.ts', tablesFilter: ['!t']`),
      'gone.config.ts': config(`schema: './nowhere/*.ts'`),
      'half.config.ts': config(`schema: ['./schema.ts', './moved.ts']`),
      'pattern.config.ts': config(`schema: ['./schema.ts', './nowhere/*.ts']`),
      'named.config.ts': `export const config = { dialect: 'postgresql', schema: './schema.ts' };`,
      'lite.config.ts': config(`driver: 'pglite', schema: './schema.ts', dbCredentials: { url: './files' }`),
    });
    const said = async (path: string) => {
      const { code, message } = await rejection(read(dir, path));
      return `${code} ${message}`;
    };
    expect(await said('missing.ts')).toStartWith('CONFIG_INVALID BACKUP_SCHEMA names missing.ts');
    expect(await said('empty.ts')).toContain('exports no PostgreSQL table');
    expect(await said('mysql.config.ts')).toContain('mysql');
    expect(await said('away.config.ts')).toContain('leave none');
    expect(await said('gone.config.ts')).toContain('./nowhere/*.ts');
    // Each path of a list must exist; a pattern may match nothing.
    expect(await said('half.config.ts')).toContain('names the schema ./moved.ts, and nothing');
    expect(await said('schema.ts,moved.ts')).toContain('BACKUP_SCHEMA names moved.ts, and there is no such file');
    expect(await namesOf(dir, 'pattern.config.ts')).toBe('public.t');
    expect(await said('named.config.ts')).toContain(
      'neither a configuration of drizzle-kit as its default nor a table',
    );
    expect(await said('lite.config.ts')).toContain('by the driver pglite');
  });
});

describe('a module that does not load', () => {
  test('by itself says its first line, without the secrets of the environment', async () => {
    const dir = await project({
      '.env': 'SOME_PASSWORD=hunter2hunter2',
      'throws.config.ts': `throw new Error('no settings for postgres://me:sesame@db/x and ' + process.env.SOME_PASSWORD + '\\nmore');`,
    });
    const { code, message } = await rejection(read(dir, 'throws.config.ts'));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toEndWith('throws.config.ts does not load: no settings for postgres://***@db/x and ***');
  });

  test('has a hint for its case: a path is nothing to install, and what is not TypeScript is to be corrected', async () => {
    const dir = await project({
      'path.ts': `import { x } from '../nowhere.ts';\nexport const y = x;`,
      'alias.ts': `import { x } from '#nowhere';\nexport const y = x;`,
      'broken.ts': 'export const = ;\nexport const y = ;',
      'killed.ts': `process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined);`,
    });
    const hintOf = async (path: string) => (await rejection(read(dir, path))).hint;
    expect(await hintOf('path.ts')).toBe('Correct ../nowhere.ts in that file, or the paths of its tsconfig.json.');
    expect(await hintOf('alias.ts')).toContain('Correct #nowhere');
    expect(await hintOf('broken.ts')).toStartWith('Correct the file');
    expect((await rejection(read(dir, 'broken.ts'))).message).toContain('does not load: line 1: ');
    expect(await hintOf('killed.ts')).toContain('short of memory');
  });

  test('in time, or ends its process, is an error and not a command that hangs', async () => {
    const dir = await project({
      'hangs.ts': 'await new Promise(() => setInterval(() => undefined, 1000));\nexport const x = 1;',
      'exits.ts': 'process.exit(0);',
    });
    expect((await rejection(read(dir, 'hangs.ts', 3000))).message).toContain('did not finish loading within 3 seconds');
    expect((await rejection(read(dir, 'exits.ts'))).message).toContain('ended the process');
  });

  test('is given up when the caller is told to stop', async () => {
    const dir = await project({ 'hangs.ts': 'await new Promise(() => undefined);' });
    const reason = new Error('stop');
    const reading = readSchema(
      { path: 'hangs.ts', cwd: dir, casing: null, wantsDatabase: true },
      { signal: AbortSignal.timeout(500) },
    );
    await expect(reading).rejects.toThrow();
    const aborted = readSchema(
      { path: 'hangs.ts', cwd: dir, casing: null, wantsDatabase: true },
      { signal: AbortSignal.abort(reason) },
    );
    await expect(aborted).rejects.toBe(reason);
  });
});

describe('no code is fetched', () => {
  test('for an import that is missing: the registry is never asked, whatever bunfig.toml the folder has, and all missing ones are named', async () => {
    const asked: string[] = [];
    await using registry = Bun.serve({
      port: 0,
      fetch(request) {
        asked.push(request.url);
        return new Response('{}', { status: 404 });
      },
    });
    // No node_modules in any folder above.
    const bare = await realpath(await mkdtemp(join(tmpdir(), 'bare ')));
    await Bun.write(join(bare, 'bunfig.toml'), '[install]\nauto = "force"\n');
    await Bun.write(
      join(bare, 'schema.ts'),
      `${IMPORT}import pad from 'left-pad';\nimport x from '@scope/thing/part';\nexport const t = pgTable(pad('t', 1), {});`,
    );
    await Bun.write(join(bare, 'entry.ts'), `export * from './schema.ts';`);
    await Bun.write(join(bare, 'late.ts'), `export const t = await import('left-pad');`);
    try {
      for (const path of ['schema.ts', 'entry.ts', 'late.ts']) {
        const before = { ...process.env };
        Object.assign(process.env, { BUN_CONFIG_REGISTRY: registry.url.href, npm_config_registry: registry.url.href });
        const { code, message, hint } = await rejection(read(bare, path)).finally(() => {
          for (const name of ['BUN_CONFIG_REGISTRY', 'npm_config_registry'])
            if (before[name] === undefined) delete process.env[name];
            else process.env[name] = before[name];
        });
        expect([path, code]).toEqual([path, 'CONFIG_INVALID']);
        expect(message).toContain('left-pad');
        expect(hint).toContain('bun add');
        if (path !== 'late.ts') expect(message).toContain('@scope/thing/part, drizzle-orm/pg-core, left-pad');
        if (path !== 'late.ts') expect(hint).toContain('bun add @scope/thing drizzle-orm left-pad');
      }
      expect(asked).toEqual([]);
    } finally {
      await rm(bare, { recursive: true });
    }
  });
});
