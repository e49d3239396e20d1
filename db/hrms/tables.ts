import { modelFromSchema } from '../model/drizzle-model.ts';
import type { ApplicationTables } from '../system/migrate.ts';
import * as schema from './schema.ts';

/** The tables of the HRMS, as `migrate` creates them in an empty database. */
export const HRMS: ApplicationTables = {
  migrationsFolder: `${import.meta.dir}/migrations`,
  tables: () => modelFromSchema(schema).tables.map((table) => table.name),
};
