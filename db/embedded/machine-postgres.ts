import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns the folder of this machine's own PostgreSQL programs (`initdb`, `postgres`, `pg_dump`), or null. Takes what `pg_config` names,
 * else the newest where Debian puts them.
 */
export function machineBinaries(): string | null {
  return [pgConfigFolder(), ...debianFolders()].find((folder) => folder !== null && holdsServer(folder)) ?? null;
}

function pgConfigFolder(): string | null {
  const program = Bun.which('pg_config');
  if (!program) return null;
  return Bun.spawnSync([program, '--bindir']).stdout.toString().trim() || null;
}

function debianFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function holdsServer(folder: string): boolean {
  return ['initdb', 'postgres'].every((program) => existsSync(join(folder, program)));
}
