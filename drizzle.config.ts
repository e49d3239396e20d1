import { defineConfig } from 'drizzle-kit';

/** `bunx drizzle-kit generate --config drizzle.config.ts` writes our own tables' migrations; the HRMS's have db/hrms/drizzle.config.ts. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/system/schema.ts',
  out: './db/system/migrations',
});
