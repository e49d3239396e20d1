import type { TestDatabase } from '../../db/testing/database.ts';
import { CAPPED, CHOICES, LEFT_OUT } from './left-out.fixture.ts';

/** One setting with one value it does not have by itself. */
export interface Change {
  name: string;
  value: string;
}

interface Listed {
  name: string;
  type: 'bool' | 'enum' | 'integer' | 'real' | 'string';
  min: string | null;
  max: string | null;
  labels: string[] | null;
  now: string;
}

/** Lists every setting of this server that a role or a database may have. */
async function listed(database: TestDatabase): Promise<Listed[]> {
  await database.admin(`LOAD 'plpgsql'`);
  return database.admin<Listed>(
    `SELECT name, vartype AS type, min_val AS min, max_val AS max, enumvals AS labels, reset_val AS now
       FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY lower(name)`,
  );
}

/** Names of settings that have several values and for which the walk knows neither another value nor a reason to leave them out. */
export async function unknownSettings(database: TestDatabase): Promise<string[]> {
  const changes = await readChanges(database);
  const settings = await listed(database);
  return settings
    .filter(({ labels, min, max }) => labels?.length !== 1 && (min === null || min !== max))
    .map(({ name }) => name)
    .filter((name) => !(name in LEFT_OUT) && !changes.some((change) => change.name === name));
}

/** Returns the other values of every setting that is not left out: booleans, labels, both ends of ranges, choices of text. */
export async function readChanges(database: TestDatabase): Promise<Change[]> {
  const locales = await database.admin<{ name: string }>(
    `SELECT DISTINCT collcollate AS name FROM pg_collation WHERE collprovider = 'c' AND collcollate <> 'C' AND collencoding IN (-1, 6) ORDER BY 1 LIMIT 4`,
  );
  const settings = await listed(database);
  return settings
    .filter(({ name }) => !(name in LEFT_OUT))
    .flatMap((setting) =>
      valuesOf(setting)
        .flatMap((value) => (value === 'locales' ? locales.map((locale) => locale.name) : [value]))
        .filter((value) => value !== setting.now)
        .map((value) => ({ name: setting.name, value })),
    );
}

function valuesOf({ name, type, min, max, labels, now }: Listed): string[] {
  switch (type) {
    case 'bool':
      return [now === 'on' ? 'off' : 'on'];
    case 'enum':
      return labels ?? [];
    case 'integer':
    case 'real':
      return [CAPPED[name]?.min ?? min ?? '', CAPPED[name]?.max ?? max ?? ''];
    case 'string':
      return CHOICES[name] ?? [];
  }
}

/** Gives every setting its first other value, then each its second one, and so on; `most` rounds at most, spread over the values. */
export function rounds(changes: Change[], most: number): Change[][] {
  const byName = [...Map.groupBy(changes, (change) => change.name).values()];
  const count = Math.min(most, Math.max(...byName.map((values) => values.length)));
  const turn = (values: Change[], round: number) =>
    values.length > count ? Math.floor((round * (values.length - 1)) / (count - 1)) : round % values.length;
  return Array.from({ length: count }, (_, round) => byName.flatMap((values) => values[turn(values, round)] ?? []));
}
