import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { AppError } from '../server/errors.ts';

/**
 * Imports the Drizzle schema module named by BACKUP_SCHEMA, `path` relative to `cwd`. The module's code runs.
 * Throws CONFIG_INVALID when the file is missing, does not load, or exports no PostgreSQL table.
 */
export async function loadSchemaModule(path: string, cwd: string): Promise<Record<string, unknown>> {
  const file = resolve(cwd, path);
  if (!(await Bun.file(file).exists())) {
    throw invalid(
      `The schema module ${file} does not exist.`,
      'Set BACKUP_SCHEMA to the file that exports the Drizzle tables, or leave it empty for the HRMS.',
    );
  }
  const module = await load(file);
  if (!Object.values(module).some((exported) => is(exported, PgTable))) {
    throw invalid(
      `The schema module ${file} exports no PostgreSQL table.`,
      'Each table must be an export of its own made with pgTable() of drizzle-orm/pg-core, by the same copy of drizzle-orm.',
    );
  }
  return module;
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return { ...((await import(pathToFileURL(file).href)) as Record<string, unknown>) };
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw invalid(
      `The schema module ${file} does not load: ${reason}`,
      'It must load by itself, with its imports installed, and not need a running application.',
      cause,
    );
  }
}

function invalid(message: string, hint: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', message, { hint, ...(cause !== undefined && { cause }) });
}
