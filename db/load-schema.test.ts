import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rejection } from './code-of.fixture.ts';
import { modelFromSchema } from './drizzle-model.ts';
import { loadSchemaModule } from './load-schema.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-schema-'));
  await Bun.write(join(folder, 'broken.ts'), 'throw new Error("no settings given\\nmore")');
  await Bun.write(join(folder, 'empty.ts'), 'export const nothing = 1;');
});
afterAll(() => rm(folder, { recursive: true }));

test('loadSchemaModule() loads a schema by a path relative to the given folder', async () => {
  const module = await loadSchemaModule('schema/hrms.ts', import.meta.dir);
  expect(modelFromSchema(module).tables).toHaveLength(13);
});

test('loadSchemaModule() says of a module that it is missing, does not load, or exports no table', async () => {
  const faults = await Promise.all(
    ['missing.ts', 'broken.ts', 'empty.ts'].map((name) => rejection(loadSchemaModule(name, folder))),
  );
  expect(faults.map((fault) => fault.code)).toEqual(['CONFIG_INVALID', 'CONFIG_INVALID', 'CONFIG_INVALID']);
  expect(faults[0]?.message).toContain('does not exist');
  expect(faults[1]?.message).toEndWith('broken.ts does not load: no settings given');
  expect(faults[2]?.message).toContain('exports no PostgreSQL table');
});
