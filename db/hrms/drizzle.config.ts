import { defineConfig } from 'drizzle-kit';

/** Settings for `bunx drizzle-kit generate --config db/hrms/drizzle.config.ts`: the HRMS's tables for an empty database. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/hrms/schema.ts',
  out: './db/hrms/migrations',
});
