import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { HRMS } from '../hrms/tables.ts';
import { quoteIdent } from '../model/quote.ts';
import { migrate, SYSTEM_FOLDER } from '../system/migrate.ts';

const FOLDERS = [SYSTEM_FOLDER, HRMS.migrationsFolder];

/**
 * Returns the database that `hrms` test databases are cloned from: our migrations on an empty one, made once per server and again when they
 * change. Nobody can connect to it, so a clone never waits. The caller admits one process at a time; `urlOf` signs in as the owner.
 */
export async function hrmsTemplate(
  client: pg.Client,
  owner: string,
  urlOf: (database: string) => string,
): Promise<string> {
  const name = `hrms_${await migrationsHash()}`;
  const found = await client.query<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname ~ '^hrms_[0-9a-f]+'`,
  );
  if (found.rows.some((row) => row.datname === name)) return name;
  for (const { datname } of found.rows) {
    await client.query(`ALTER DATABASE ${datname} ALLOW_CONNECTIONS true`);
    await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  }
  const temporary = `${name}_draft`;
  await client.query(`CREATE DATABASE ${temporary} TEMPLATE template0 OWNER ${quoteIdent(owner)}`);
  await migrate(urlOf(temporary), { application: HRMS });
  await client.query(`ALTER DATABASE ${temporary} RENAME TO ${name}`);
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  return name;
}

async function migrationsHash(): Promise<string> {
  const files = await Promise.all(
    FOLDERS.map(async (folder) =>
      (await readdir(folder))
        .filter((file) => file.endsWith('.sql'))
        .sort()
        .map((file) => join(folder, file)),
    ),
  );
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
  return new Bun.CryptoHasher('sha256').update(texts.join('\0')).digest('hex').slice(0, 12);
}
