import { afterAll, beforeAll, expect, test } from 'bun:test';
import { parseExclusions } from '../../backup/exclusions.ts';
import { AppError } from '../../core/errors.ts';
import { metricSources } from '../../process/metrics/metric-sources.ts';
import { type TestServer, testServer } from '../server.fixture.ts';
import { readSystemStatus } from './status.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const forever = new AbortController().signal;
const silent = <Value>() => new Promise<Value>(() => undefined);

async function statusWith(changes: Partial<TestServer['parts']>, silenceMs?: number) {
  const said: unknown[][] = [];
  const log = { error: (...words: unknown[]) => said.push(words) };
  const options = { startedAt: new Date(), log, ...(silenceMs !== undefined && { silenceMs }) };
  return { ...(await readSystemStatus({ ...server.parts, ...changes }, options, forever)), said };
}

/** Makes a backup of all tables and waits until it is listed. */
async function makeBackup(): Promise<void> {
  const { desk, cache } = server.parts;
  const before = (await cache.list(forever)).length;
  const { operation } = await desk.request(
    { kind: 'backup', compression: 'deflate', strict: false, verify: true, wait: false },
    'Ada',
    'test',
  );
  for await (const { state } of desk.watch(operation.id, 0, forever)) if (state === 'succeeded') break;
  // The cached list is renewed after two seconds.
  while ((await cache.list(forever)).length === before) await Bun.sleep(50);
}

test('a part that never answers is in trouble, and the rest is told all the same', async () => {
  const { storage } = server.parts;
  const status = await statusWith({ checkStorage: silent, storage: { ...storage, freeSpace: silent } }, 500);
  expect(status.version).toBe(server.parts.version);
  // On a busy machine other parts may be too slow as well: with the same message, which is reported once.
  expect(status.troubles).toMatchObject([{ code: 'STALLED', message: 'No answer within 0.5 seconds.' }]);
});

test('one reason is told once, of the same part whichever was the first to fail', async () => {
  const { desk, cache, storage } = server.parts;
  const away = () => Promise.reject(new AppError('STORAGE_UNAVAILABLE', 'Away.', { hint: 'Look for it.' }));
  const later = <Value>() => Bun.sleep(5).then<Value>(away);
  const { troubles } = await statusWith({
    checkStorage: away,
    storage: { ...storage, freeSpace: away },
    cache: { ...cache, list: away },
    desk: { ...desk, list: later },
  });
  expect(troubles).toEqual([
    { part: 'operations', code: 'STORAGE_UNAVAILABLE', message: 'Away.', hint: 'Look for it.' },
  ]);
});

test('what nobody foresaw is told without its words, which are in the log', async () => {
  const cause = new TypeError('of a hidden fault');
  const { troubles, said } = await statusWith({ checkStorage: () => Promise.reject(cause) });
  expect(troubles).toMatchObject([{ part: 'writing', code: 'UNEXPECTED' }]);
  expect(JSON.stringify(troubles)).not.toContain('hidden fault');
  expect(said).toEqual([[{ part: 'writing', error: cause }, expect.any(String)]]);
});

test('a part that never answers neither hides a table that was emptied nor is taken for another', async () => {
  await server.database.query(
    `INSERT INTO categories (id, name, type, "isActive", "updatedAt") VALUES ('c', 'c', 'POSITION', true, now())`,
  );
  await makeBackup();
  // Too few changes for autovacuum to analyze; the statistics still show the rows.
  await server.database.query('ANALYZE categories; DELETE FROM categories');
  await server.database.admin(`SELECT pg_stat_reset_single_table_counters('public.categories'::regclass)`);
  const { recommendations, troubles } = await statusWith({ checkStorage: silent }, 3000);
  expect(recommendations).toMatchObject([{ code: 'TABLES_EMPTIED', tables: ['categories'] }]);
  expect(troubles).toMatchObject([{ part: 'writing', code: 'STALLED' }]);
});

test('promise 6: what a backup lacks is told by the status and the metrics until it is left out on purpose', async () => {
  const { operations } = metricSources(server.parts.records, server.storage);
  const complete = (await operations()).lastComplete;
  await server.database.query('CREATE TABLE extra (id int); CREATE TABLE shelf (id int)');
  try {
    await makeBackup();
    const lacking = await statusWith({});
    expect(lacking.lastBackup?.outcome).toBe('partial');
    expect(lacking.recommendations).toContainEqual(expect.objectContaining({ code: 'LAST_INCOMPLETE', level: 'soon' }));
    expect(lacking.schema).toEqual({ missing: [], unknown: ['public.extra', 'public.shelf'], leftOut: [] });
    const told = await operations();
    expect(told.lastComplete).toEqual(complete);
    expect(told.lastSuccess['backup']?.getTime()).toBeGreaterThan(complete?.getTime() ?? 0);

    const exclusions = parseExclusions('extra = moved\nshelf = moved too\nrows of staff = too large', 'exclude');
    const decided = await statusWith({ readExclusions: async () => exclusions });
    expect(decided.schema).toEqual({
      missing: [],
      unknown: [],
      leftOut: [
        { name: 'public.extra', what: 'table', reason: 'moved' },
        { name: 'public.shelf', what: 'table', reason: 'moved too' },
        { name: 'public.staff', what: 'rows', reason: 'too large' },
      ],
    });
    expect(decided.database?.tables.map(({ name }) => name)).not.toContain('public.staff');
    expect(decided.database?.tables).toHaveLength((lacking.database?.tables.length ?? 0) - 1);
  } finally {
    await server.database.query('DROP TABLE extra, shelf');
  }
});
