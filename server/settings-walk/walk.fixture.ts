import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { qualifiedName } from '../../db/model/model.ts';
import { type Content, contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import type { TestServer } from '../../db/testing/servers.ts';
import { openArchive } from '../archive/reader.ts';
import { restoreSql } from '../archive/recovery/recovery.ts';
import { schemaSql } from '../archive/recovery/schema-sql.ts';
import { bytesSource } from '../storage/memory.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';
import type { Change } from './changes.fixture.ts';
import { model, ROWS_SQL, SCRAMBLE_SQL, SUBJECT_SQL } from './subject.fixture.ts';
import { dropTablespace, makeTablespace } from './tablespace.fixture.ts';

/** By which statements a setting is given: to the database, to the role in this database, or to both. */
export const WAYS = ['database', 'role', 'both'] as const;
export type Way = (typeof WAYS)[number];

/** One server with the walked database, what it holds, and a second one that is filled by hand. */
export interface Walk extends AsyncDisposable {
  readonly database: TestDatabase;
  /** Names of what went otherwise than without the changes; nothing when all was exact. */
  tried(changes: Change[], way: Way): Promise<string[]>;
}

const OWNER = 'settings_walk';
/** Settings whose text is a list of names, each quoted by itself. */
const LISTS_OF_NAMES = new Set(['search_path']);
/** Of everything a manifest says, what each backup says anew. */
const NEW_EACH_TIME = ['metadata', 'entries'];

export async function openWalk(server: TestServer): Promise<Walk> {
  const database = await testDatabase({ server, owner: OWNER });
  const hand = await testDatabase({ server, owner: OWNER });
  const folder = await mkdtemp(join(tmpdir(), 'settings-walk-'));
  await makeTablespace(database, OWNER);
  for (const one of [database, hand]) {
    await one.admin('CREATE ACCESS METHOD walk_heap TYPE TABLE HANDLER heap_tableam_handler');
    await one.query('SELECT 1'); // So that its connection has no setting that is tried later.
  }
  await database.query(SUBJECT_SQL);
  await hand.query('CREATE SCHEMA shadow');
  await database.query(ROWS_SQL);
  // Makes our own tables, and proves that the subject is restored as it stands.
  await restoreInto(database, await backupOf(database, model, { jobs: 1 }), { jobs: 1 });
  const reference = await backupOf(database, model, { jobs: 1 });
  await unpack(reference, folder);
  const goal = { ...(await stateOf(database)), backup: await facts(reference) };

  async function set(changes: Change[], way: Way): Promise<void> {
    for (const one of [database, hand]) {
      const targets = [`DATABASE ${one.name}`, `ROLE ${OWNER} IN DATABASE ${one.name}`];
      const whose = way === 'both' ? targets : [targets[way === 'database' ? 0 : 1]];
      const text = ({ name, value }: Change) => (LISTS_OF_NAMES.has(name) ? value : `'${value}'`);
      const statements = changes.flatMap((change) =>
        whose.map((target) => `ALTER ${target} SET ${change.name} = ${text(change)};`),
      );
      await one.admin(statements.join('\n'));
    }
  }
  async function reset(): Promise<void> {
    for (const one of [database, hand])
      await one.admin(`ALTER DATABASE ${one.name} RESET ALL; ALTER ROLE ${OWNER} IN DATABASE ${one.name} RESET ALL`);
  }

  async function byHand(): Promise<string | null> {
    await hand.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public').catch(async () => {
      await hand.admin(`DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION ${OWNER}`);
    });
    const texts = { 'restore.sql': restoreSql(reference.manifest) };
    const schema = schemaSql(reference.manifest).map((sql, index) => [`schema/000${index + 1}.sql`, sql]);
    for (const [name, sql] of [...schema, ...Object.entries(texts)]) {
      await Bun.write(join(folder, `${name}`), `${sql}`);
      const { exitCode, stderr } = await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f ${name} ${hand.url}`
        .cwd(folder)
        .quiet()
        .nothrow();
      if (exitCode !== 0) return `${name}: ${/^.*(ERROR|FATAL): [\s\S]*/m.exec(stderr.toString())?.[0].slice(0, 500)}`;
    }
    return null;
  }

  const failed = await byHand();
  if (failed !== null) throw new Error(failed);
  const handMade = await stateOf(hand);
  for (const name of ['values', 'select', 'Readings'])
    if (!Bun.deepEquals(handMade.content[`public.${name}`], goal.content[`public.${name}`]))
      throw new Error(`${name} is another by hand`);

  async function tried(changes: Change[], way: Way): Promise<string[]> {
    const wrong: string[] = [];
    const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
      try {
        return await work();
      } catch (error) {
        wrong.push(`${what}: ${wordsOf(error)}`);
        return null;
      }
    };
    try {
      await set(changes, way);
      const made = await attempt('backup', () => backupOf(database, model, { jobs: 1 }));
      const said = made && (await facts(made));
      if (said && !Bun.deepEquals(said, goal.backup)) wrong.push(`backup: ${difference(goal.backup, said)}`);
      await database.query(SCRAMBLE_SQL);
      const restored = await attempt('restore', () => restoreInto(database, reference, { jobs: 1 }));
      const hands = await byHand();
      if (hands !== null) wrong.push(`by hand: ${hands}`);
      await reset();
      const { content, sequences, definitions } = await stateOf(database);
      if (restored && !Bun.deepEquals({ content, sequences, definitions }, state(goal)))
        wrong.push(`restore: ${difference(state(goal), { content, sequences, definitions })}`);
      if (!restored) await restoreInto(database, reference, { jobs: 1 });
      if (hands === null && !Bun.deepEquals(await stateOf(hand), handMade))
        wrong.push(`by hand: ${difference(handMade, await stateOf(hand))}`);
    } finally {
      await reset();
    }
    return wrong;
  }

  return {
    database,
    tried,
    async [Symbol.asyncDispose]() {
      await hand[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await dropTablespace(server);
      await rm(folder, { recursive: true });
    },
  };
}

/** Returns what an archive says that a setting could change, its rows included. Chunks are numbered as they get ready, so a table's lines are compared in no order. */
async function facts({ bytes, manifest }: MadeBackup) {
  const said = Object.fromEntries(Object.entries(manifest).filter(([name]) => !NEW_EACH_TIME.includes(name)));
  const archive = await openArchive(bytesSource(bytes));
  const lines: Record<string, string[]> = {};
  for (const entry of manifest.entries) {
    if (entry.table === null) continue;
    const name = qualifiedName(entry.table);
    const text = new TextDecoder().decode(await archive.readEntry(entry));
    lines[name] = [...(lines[name] ?? []), ...text.split('\n')].sort();
  }
  return { ...said, lines };
}

interface State {
  content: Content;
  sequences: Record<string, string>;
  definitions: string[];
}

function state({ content, sequences, definitions }: State): State {
  return { content, sequences, definitions };
}

async function stateOf(database: TestDatabase): Promise<State> {
  const definitions = await database.query<{ line: string }>(DEFINITIONS);
  return {
    content: await contentOf(database),
    sequences: await sequencesOf(database),
    definitions: definitions.map(({ line }) => line),
  };
}

/** Where tables and indexes lie, of what kind they are, and what columns, constraints and indexes say. */
const DEFINITIONS = `
  SELECT pg_catalog.concat_ws(' ', c.oid::regclass, 'in', t.spcname, 'of', a.amname) AS line
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
  UNION ALL SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index WHERE indrelid IN (SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = 'public'::regnamespace)
  UNION ALL SELECT pg_catalog.concat_ws(' ', a.attrelid::regclass, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid))
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
  ORDER BY 1`;

async function unpack({ bytes, manifest }: MadeBackup, folder: string): Promise<void> {
  const archive = await openArchive(bytesSource(bytes));
  for (const entry of manifest.entries) {
    await mkdir(join(folder, dirname(entry.name)), { recursive: true });
    await Bun.write(join(folder, entry.name), await archive.readEntry(entry));
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}

/** Returns the first place where two things differ. */
function difference(wanted: unknown, found: unknown, path = ''): string {
  if (Bun.deepEquals(wanted, found)) return '';
  if (typeof wanted !== 'object' || typeof found !== 'object' || wanted === null || found === null)
    return `${path}: ${JSON.stringify(wanted)} became ${JSON.stringify(found)}`;
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    const said = difference(Reflect.get(wanted, key), Reflect.get(found, key), `${path}.${key}`);
    if (said) return said;
  }
  return path;
}
