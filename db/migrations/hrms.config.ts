import { defineConfig } from 'drizzle-kit';

/** `bunx drizzle-kit generate --config db/migrations/hrms.config.ts`: the HRMS's tables for an empty database. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/hrms.ts',
  out: './db/migrations/hrms',
});
