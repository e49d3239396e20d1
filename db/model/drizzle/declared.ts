import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { AppError } from '../../../server/core/errors.ts';
import { ConninfoFault } from '../../connect/address/conninfo.ts';
import { completeConnection } from '../../connect/address/environment.ts';
import { modelFromExports, type ReadOptions, type SchemaExport } from '../drizzle-model.ts';
import type { SchemaModel } from '../model.ts';
import type { Casing } from './casing.ts';
import { findFiles, missingPaths, splitPatterns } from './files.ts';
import { importModule } from './import-module.ts';
import { configsIn, type KitConfig, readKitConfig } from './kit-config.ts';

export interface SchemaSource {
  /** Module, `drizzle.config.ts`, folder or pattern; several are separated by commas. */
  path: string;
  /** Folder that relative paths start from. */
  cwd: string;
  /** Casing that overrides what a configuration says. */
  casing: Casing | null;
  /** True when the database of `dbCredentials` is wanted; otherwise unusable credentials are no error. */
  wantsDatabase: boolean;
}

/** Declarations of an application's own files about its database. */
export interface Declared {
  model: SchemaModel;
  /** Address from `dbCredentials`, with its password; null when no configuration names a database. */
  databaseUrl: string | null;
}

/**
 * Reads what schema modules or drizzle-kit configurations declare, completing the database's address by the PG* variables of `env`. Runs
 * their code in this process; `read.ts` gives them one of their own. Throws CONFIG_INVALID when files are missing, do not load or declare
 * no table, and MODEL_INVALID.
 */
export async function readDeclared(
  { path, cwd, casing, wantsDatabase }: SchemaSource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Declared> {
  // A path may itself contain a comma.
  const patterns = existsSync(resolve(cwd, path)) ? [path] : splitPatterns(path);
  const files = await findFiles(patterns, cwd);
  const missing = await missingPaths(patterns, cwd);
  if (files.length === 0 || missing.length > 0)
    throw invalid(
      `BACKUP_SCHEMA names ${files.length === 0 ? path : missing.join(', ')}, and there is no such file below ${cwd}.`,
      'Set it to a module that exports the Drizzle tables, a drizzle.config.ts, a folder or a pattern; empty for the HRMS.',
    );
  const exports: SchemaExport[] = [];
  const idle: string[] = [];
  const urls = new Set<string>();
  for (const file of files) {
    if (isConfigName(file)) process.chdir(dirname(file));
    const module = await importModule(file);
    const configs = declaresTables(module) ? [] : await configsIn(module);
    if (configs.length === 0) exports.push(...exportsOf(module, { casing }));
    if (configs.length === 0 && isConfigName(file) && !declaresTables(module)) idle.push(file);
    for (const value of configs) {
      const config = readKitConfig(value, file);
      const url = wantsDatabase ? config.databaseUrl() : null;
      if (url !== null) urls.add(complete(url, file, env));
      exports.push(...(await declaredBy(config, file, cwd, casing)));
    }
  }
  if (idle.length === files.length)
    throw invalid(
      `${idle.join(', ')} exports neither a configuration of drizzle-kit as its default nor a table.`,
      "It needs `export default defineConfig({ dialect: 'postgresql', schema: … })`.",
    );
  if (!exports.some(({ value }) => is(value, PgTable)))
    throw invalid(
      `${files.length === 1 ? files[0] : `Of the ${files.length} files of ${path} none`} exports ${files.length === 1 ? 'no' : 'a'} PostgreSQL table.`,
      'Each table must be an export of its own made with pgTable() of drizzle-orm/pg-core.',
    );
  const model = modelFromExports(exports);
  if (model.tables.length === 0)
    throw invalid(
      `The filters of ${path} leave none of the tables that are declared.`,
      'Look at schemaFilter and tablesFilter there.',
    );
  return { model, databaseUrl: urls.size === 1 ? ([...urls][0] ?? null) : null };
}

function complete(url: string, file: string, env: Readonly<Record<string, string | undefined>>): string {
  try {
    return completeConnection(url, env);
  } catch (error) {
    if (!(error instanceof ConninfoFault)) throw error;
    throw invalid(
      `The dbCredentials of ${file} cannot be used: the address ${error.message}.`,
      'Correct them there, or set DATABASE_URL.',
    );
  }
}

/**
 * Returns true for modules that belong to a command (`drizzle.config.ts`, `drizzle-prod.config.mjs`); they expect to start in their folder.
 */
export function isConfigName(file: string): boolean {
  return /\bconfig\b|^drizzle\b.*\.json$/.test(basename(file));
}

/** Reads a configuration from where drizzle-kit would start: beside it, or at the root of the repository that holds it. */
async function declaredBy(
  config: KitConfig,
  file: string,
  cwd: string,
  casing: Casing | null,
): Promise<SchemaExport[]> {
  for (const folder of [...parentsOf(file), cwd]) {
    const files = await findFiles(config.schema, folder);
    if (files.length === 0) continue;
    const missing = await missingPaths(config.schema, folder);
    if (missing.length > 0) throw noTables(file, missing);
    const options = { casing: casing ?? config.casing, isIncluded: config.isIncluded };
    const exports: SchemaExport[] = [];
    for (const one of files) exports.push(...exportsOf(await importModule(one), options));
    return exports;
  }
  throw noTables(file, config.schema);
}

function noTables(file: string, schema: string[]): AppError {
  return invalid(
    `${file} names the schema ${schema.join(', ')}, and nothing of that name is there.`,
    'Paths are looked for beside the configuration, then in the folders above it.',
  );
}

function parentsOf(file: string): string[] {
  const folders = [dirname(file)];
  for (let last = folders[0] ?? ''; dirname(last) !== last; last = dirname(last)) folders.push(dirname(last));
  return folders;
}

function declaresTables(module: Record<string, unknown>): boolean {
  return Object.values(module).some((value) => is(value, PgTable));
}

/** Returns top-level exports only, as drizzle-kit does. A CommonJS module arrives as its default as well. */
function exportsOf(module: Record<string, unknown>, options: ReadOptions): SchemaExport[] {
  const inner: unknown = '__esModule' in module || 'module.exports' in module ? module.default : null;
  const all = { ...(inner !== null && typeof inner === 'object' && !is(inner, PgTable) ? inner : {}), ...module };
  return Object.entries(all).map(([name, value]) => ({ name, value, options }));
}

function invalid(message: string, hint: string): AppError {
  return new AppError('CONFIG_INVALID', message, { hint });
}
