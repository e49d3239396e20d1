import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { migrate } from '../../db/system/migrate.ts';
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '../../db/testing/database.ts';
import { type BackupInput, type BackupResult, createBackup } from '../backup/create.ts';
import type { ByteSource } from '../core/bytes.ts';
import type { OnProgress, ProgressStage } from '../core/progress.ts';
import { type Operation, runOperation } from '../jobs/operations.ts';
import { type RestoreResult, restoreArchive } from '../restore/restore.ts';
import type { WantedWay } from '../restore/ways/way.ts';
import { bytesSource } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import * as schema from './library.fixture.ts';
import { BREAKPOINT_FAMILY, LIBRARY_BREAKPOINTS_SQL, LIBRARY_SQL } from './library.fixture.ts';
import { backupOf, type MadeBackup } from './verbs.fixture.ts';

export interface RunOptions {
  /** Address the verb connects to; the database itself when absent. */
  url?: string;
  signal?: AbortSignal;
  /** Called when each stage begins. */
  onStage?: (stage: ProgressStage) => void;
  /** Called with every progress event. */
  onEvent?: OnProgress;
  wait?: boolean;
  onWait?: (message: string) => void;
}

export interface RestoreOptions extends RunOptions {
  source?: ByteSource;
  lockGiveUpMs?: number;
  jobs?: number;
  /** The way of applying; `rewrite` when absent, whose steps have breakpoints. */
  apply?: WantedWay;
  receipt?: (receipt: Operation['receipt']) => Operation['receipt'];
}

/** A database of the library, backed up and then changed, so that a restore can be told from none. */
export interface TestLibrary extends AsyncDisposable {
  database: TestDatabase;
  archive: MadeBackup;
  /** `state()` at the time of the backup; `changed` is the one after the changes. */
  archived: string;
  changed: string;
  /** Returns hashes of all rows, and every sequence, as one text. */
  state(): Promise<string>;
  backup(storage: Storage, options?: RunOptions & Partial<BackupInput>): Promise<BackupResult>;
  restore(options?: RestoreOptions): Promise<RestoreResult>;
  /** Returns whatever operations have left in the database. Waits a little for server processes that are just ending. */
  leftovers(): Promise<string[]>;
  /** Returns the state of every operation's record, oldest first. */
  records(): Promise<string[]>;
  /** Makes the changes once more. */
  change(): Promise<void>;
  /** Restores the backup and makes the changes once more, unless nothing has happened since. */
  reset(): Promise<void>;
}

export interface TestLibraryOptions extends TestDatabaseOptions {
  /** Rows of the largest table; `repeat` says how often 64 bytes are repeated in each. */
  lendings?: number;
  repeat?: number;
}

const MODEL = modelFromSchema(schema);
const deps = { now: () => new Date(), newId: () => crypto.randomUUID(), pause: (ms: number) => Bun.sleep(ms) };

export async function testLibrary(options: TestLibraryOptions = {}): Promise<TestLibrary> {
  return testLibraryIn(await testDatabase(options), options);
}

/** Fills an empty database with the library, backs it up and changes it. Disposing of the library disposes of the database. */
export async function testLibraryIn(database: TestDatabase, options: TestLibraryOptions = {}): Promise<TestLibrary> {
  const { lendings = 500, repeat = 1 } = options;
  await migrate(database.url);
  await database.query(LIBRARY_SQL);
  await database.admin(LIBRARY_BREAKPOINTS_SQL);
  await database.query(`
    INSERT INTO readers (name, mood, mark) SELECT 'reader ' || n, 'calm', 'mark ' || n FROM generate_series(1, 20) n;
    INSERT INTO books (title, isbn) SELECT 'title ' || n, 'isbn ' || n FROM generate_series(1, 30) n;
    INSERT INTO lendings (reader_id, book_id, note) SELECT 1 + n % 20, 1 + n % 30, repeat(md5(n::text) || md5((-n)::text), ${repeat}) FROM generate_series(1, ${lendings}) n`);
  const archive = await backupOf(database, MODEL);
  const state = () => stateOf(database);
  const archived = await state();
  const change = async () => {
    await database.query(`
      INSERT INTO readers (name, mood) VALUES ('a newcomer', 'glad');
      UPDATE books SET title = 'another title' WHERE id = 3;
      DELETE FROM lendings WHERE id % 7 = 0;
      INSERT INTO lendings (reader_id, book_id) VALUES (1, 1)`);
  };
  await change();
  const changed = await state();

  const running = ({
    signal = new AbortController().signal,
    onStage,
    onEvent,
    wait = false,
    onWait,
    url,
  }: RunOptions) => {
    let last: ProgressStage | null = null;
    const onProgress: OnProgress = (event) => {
      onEvent?.(event);
      const { stage } = event;
      if (stage !== last) onStage?.(stage);
      last = stage;
    };
    const databaseUrl = url ?? database.url;
    return { signal, onProgress, wait, databaseUrl, operation: { ...deps, databaseUrl, ...(onWait && { onWait }) } };
  };

  const library: TestLibrary = {
    database,
    archive,
    archived,
    changed,
    state,
    change,
    async reset() {
      if ((await state()) === changed) return;
      await library.restore();
      await change();
    },
    backup(storage, options = {}) {
      const { url, signal: _, onStage, wait: __, onWait, ...words } = options;
      const run = running(options);
      return runOperation(
        run.operation,
        { kind: 'backup', actor: 'a test', parameters: {}, wait: run.wait },
        run.signal,
        ({ signal }) =>
          createBackup(
            {
              ...deps,
              databaseUrl: run.databaseUrl,
              storage,
              model: MODEL,
              application: { name: 'Palace Backup', version: '0.0.0' },
              lockGiveUpMs: 10_000,
            },
            { compression: 'deflate', jobs: 2, strict: false, verify: true, createdBy: 'a test', ...words },
            { signal, onProgress: run.onProgress },
          ),
      );
    },
    restore(options = {}) {
      const { source, lockGiveUpMs = 10_000, jobs = 2, apply = 'rewrite', receipt = (real) => real } = options;
      const run = running(options);
      return runOperation(
        run.operation,
        { kind: 'restore', actor: 'a test', parameters: {}, wait: run.wait },
        run.signal,
        (operation) =>
          restoreArchive(
            {
              ...deps,
              databaseUrl: run.databaseUrl,
              source: source ?? bytesSource(archive.bytes),
              receipt: receipt(operation.receipt),
              lockTryMs: 2000,
              lockGiveUpMs,
            },
            { jobs, apply },
            { signal: operation.signal, onProgress: run.onProgress },
          ),
      );
    },
    leftovers: () => leftoversIn(database),
    records: () => recordsIn(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
  return library;
}

/** Returns hashes of all rows, and every sequence of the library, as one text. Spelling the rows takes seven times as long. */
async function stateOf(database: TestDatabase): Promise<string> {
  const [row] = await database.query<{ state: object }>(`
    SELECT json_build_object(
      'readers', (SELECT sum(pg_catalog.hash_record_extended(t, 0)) || ' ' || count(*) FROM readers t),
      'books', (SELECT sum(pg_catalog.hash_record_extended(t, 0)) || ' ' || count(*) FROM books t),
      'lendings', (SELECT sum(pg_catalog.hash_record_extended(t, 0)) || ' ' || count(*) FROM lendings t),
      'sequences', (SELECT json_agg(s ORDER BY name) FROM (
        SELECT 'readers' AS name, last_value, is_called FROM readers_id_seq
        UNION ALL SELECT 'books', last_value, is_called FROM books_id_seq
        UNION ALL SELECT 'lendings', last_value, is_called FROM lendings_id_seq) AS s)) AS state`);
  return JSON.stringify(row?.state);
}

async function recordsIn(database: TestDatabase): Promise<string[]> {
  const rows = await database.admin<{ line: string }>(
    `SELECT kind || ' ' || state AS line FROM backup_system.operations ORDER BY created_at`,
  );
  return rows.map((row) => row.line);
}

/** Returns whatever operations have left in a database. Waits a little for server processes that are just ending. */
async function leftoversIn(database: TestDatabase): Promise<string[]> {
  let left: string[] = [];
  for (let tries = 400; tries > 0; tries--) {
    const [{ there } = { there: false }] = await database.admin<{ there: boolean }>(
      `SELECT to_regclass('backup_system.operations') IS NOT NULL AS there`,
    );
    const rows = await database.admin<{ what: string }>(`
      SELECT 'schema ' || nspname AS what FROM pg_namespace WHERE nspname LIKE 'restore\\_%'
      UNION ALL SELECT 'session ' || application_name || ': ' || query FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'
      UNION ALL SELECT 'lock ' || classid FROM pg_locks WHERE locktype = 'advisory' AND classid <> ${BREAKPOINT_FAMILY}
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ${there ? `UNION ALL SELECT 'running ' || kind FROM backup_system.operations WHERE state = 'running'` : ''}`);
    left = rows.map((row) => row.what);
    if (left.length === 0) break;
    await Bun.sleep(10);
  }
  return left;
}
