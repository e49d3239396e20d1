import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findFiles, splitPatterns } from './files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files '));
  const names = [
    'a.ts',
    'b.mjs',
    'c.cts',
    'notes.md',
    'deep/d.ts',
    'deep/er/e.ts',
    '[id] (x)/f.ts',
    '.hidden/h.ts',
    'data.json',
  ];
  for (const name of names) await Bun.write(join(folder, name), '');
  await mkdir(join(folder, 'deep', 'folder.ts'));
});
afterAll(() => rm(folder, { recursive: true }));

const found = async (...patterns: string[]) =>
  (await findFiles(patterns, folder)).map((file) => relative(folder, file)).join(' ');

test('findFiles() finds a file, a folder’s own modules, and what a pattern matches, each once', async () => {
  expect(await found('a.ts')).toBe('a.ts');
  expect(await found('./a.ts', join(folder, 'a.ts'), '*.ts')).toBe('a.ts');
  expect(await found('.')).toBe('a.ts b.mjs c.cts');
  expect(await found('deep')).toBe('deep/d.ts');
  expect(await found('deep/**/*.ts')).toBe('deep/d.ts deep/er/e.ts');
  expect(await found('./**/*')).toBe('[id] (x)/f.ts a.ts b.mjs c.cts deep/d.ts deep/er/e.ts');
  expect(await found('{a,b}.*')).toBe('a.ts b.mjs');
  expect(await found('deep/../[ac].*')).toBe('a.ts c.cts');
  expect(await found(join(folder, 'deep/*'))).toBe('deep/d.ts deep/er/e.ts');
  expect(await found('[id] (x)/f.ts')).toBe('[id] (x)/f.ts');
  expect(await found('data.json')).toBe('data.json');
  expect(await found('nothing.ts', 'nowhere/*.ts', '*.sql')).toBe('');
});

test('splitPatterns() cuts at commas outside braces', () => {
  expect(splitPatterns('a.ts, src/{b,c}.ts,,d')).toEqual(['a.ts', 'src/{b,c}.ts', 'd']);
});
