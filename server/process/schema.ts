import * as hrmsSchema from '../../db/hrms/schema.ts';
import { readSchema } from '../../db/model/drizzle/read.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import type { SchemaModel } from '../../db/model/model.ts';
import { type Config, withDatabase } from './config.ts';

/**
 * Reads the model of the tables to protect: the HRMS's, or those of BACKUP_SCHEMA. Without DATABASE_URL, the returned
 * settings name the database of the application's own configuration. Throws CONFIG_INVALID and MODEL_INVALID.
 */
export async function composeSchema(
  config: Config,
  signal?: AbortSignal,
): Promise<{ model: SchemaModel; config: Config }> {
  const path = config.backupSchema;
  if (path === null) return { model: modelFromSchema(hrmsSchema), config };
  const { model, databaseUrl } = await readSchema(
    { path, cwd: process.cwd(), casing: config.backupCasing, wantsDatabase: config.databaseUrl === null },
    { signal },
  );
  const named = config.databaseUrl === null && databaseUrl !== null;
  return { model, config: named ? withDatabase(config, databaseUrl) : config };
}

/**
 * Returns the settings with their database, reading the application's configuration only where the settings name none.
 */
export async function composeDatabase(config: Config, signal?: AbortSignal): Promise<Config> {
  if (config.databaseUrl !== null || config.backupSchema === null) return config;
  return (await composeSchema(config, signal)).config;
}
