import { defineConfig } from 'drizzle-kit';

/** `bunx drizzle-kit generate --config drizzle.config.ts` writes our own tables' migrations; the HRMS's have db/migrations/hrms.config.ts. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/system.ts',
  out: './db/migrations/system',
});
