import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { until } from '../testing/until.fixture.ts';
import { type PausingProxy, pausingProxy } from './pausing-proxy.fixture.ts';
import { type Program, startProgram } from './program.fixture.ts';
import { DEMO_PASSWORD, type Person, signIn } from './system.fixture.ts';

/** Servers in processes of their own, on one database and one folder. */
let database: TestDatabase;
let folder: string;
let proxy: PausingProxy;
let running: Program[] = [];
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 2000, seed: 9 });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palace-servers-'));
  proxy = await pausingProxy(database.url);
});
afterEach(async () => {
  proxy.resume();
  for (const program of running) await program.end('SIGTERM');
  running = [];
  await proxy[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
  await database.query('DELETE FROM backup_system.operations');
});

async function start(settings?: Record<string, string>): Promise<Program> {
  const program = await startProgram({ database, folder, directUrl: proxy.url }, settings);
  running.push(program);
  return program;
}

/** Bytes a connection gets before it is held up: more than any bookkeeping, less than the rows. */
const SOME = 200_000;
const files = async (ending: string) =>
  (await readdir(join(folder, 'backups')).catch(() => [])).filter((name) => name.endsWith(ending));
const askForBackup = async (person: Person) =>
  (await person.client.backups.create.mutate({ verify: false })).data.operation.id;
const stateOf = async (person: Person, id: string) => (await person.client.operations.get.query({ id })).data;
/** Watches an operation to its end; asking again and again would be too often for the server. */
async function ended(person: Person, id: string) {
  await watched(person, id);
  return stateOf(person, id);
}
/** States and stages as they come by the event stream, to the end. */
async function watched(person: Person, id: string) {
  const seen: { state: string; stage: string | undefined }[] = [];
  for await (const { state, progress } of person.client.watch(id)) seen.push({ state, stage: progress?.stage });
  return seen;
}

test('each operation runs once, on whichever server is free, and is seen moving on the other; a session of one counts on both', async () => {
  const [first, second] = await Promise.all([start(), start()]);
  const person = await signIn(first.url);
  const other = await signIn(second.url);
  proxy.pauseAfter(SOME);
  const ids = [await askForBackup(person), await askForBackup(other)];
  await until('each server has one', async () => first.took.length === 1 && second.took.length === 1);
  await until('both are held up in the middle', async () => (await files('.part')).length === 2 && proxy.waiting >= 2);
  for (let more = 0; more < 2; more++) ids.push(await askForBackup(person), await askForBackup(other));
  // What one server runs is watched on the other.
  const crossed = [watched(other, first.took[0] ?? ''), watched(person, second.took[0] ?? '')];
  proxy.resume();
  for (const seen of await Promise.all(crossed)) {
    expect(seen[0]?.state).toBe('running');
    expect(seen[0]?.stage).not.toBe('finish');
    expect(seen.at(-1)).toEqual({ state: 'succeeded', stage: 'finish' });
  }
  const ends = await Promise.all(ids.map((id) => ended(other, id)));
  expect(ends.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
  expect([...first.took, ...second.took].toSorted()).toEqual(ids.toSorted());
  expect((await files('.zip')).toSorted()).toEqual(ends.map(({ archive }) => archive ?? '').toSorted());

  // Each lists what the other has made, and a session of one is a session of both.
  for (const one of [person, other]) expect((await one.client.backups.list.query({})).data.total).toBe(ids.length);
  const across = await fetch(`${second.url}/trpc/auth.me`, { headers: { Cookie: person.cookie } });
  expect(across.status).toBe(200);
});

test('a server that is killed in the middle of a backup: its operation is marked failed, its file goes, and the other server carries on', async () => {
  const [victim, survivor] = await Promise.all([start(), start()]);
  const person = await signIn(survivor.url);
  proxy.pauseAfter(SOME);
  const ids = [await askForBackup(person), await askForBackup(person)];
  await until('each server has one', async () => victim.took.length === 1 && survivor.took.length === 1);
  await until('both write', async () => (await files('.part')).length === 2 && proxy.waiting >= 2);

  const [lost, kept] = [victim.took[0] ?? '', survivor.took[0] ?? ''];
  const watching = watched(person, lost);
  await victim.end('SIGKILL');
  expect((await watching).at(-1)?.state).toBe('failed');
  expect(await stateOf(person, lost)).toMatchObject({ state: 'failed', error: { code: 'CONNECTION_LOST' } });
  await until('its unfinished file is gone', async () => (await files('.part')).length === 1);
  expect((await stateOf(person, kept)).state).toBe('running');

  proxy.resume();
  expect((await ended(person, kept)).state).toBe('succeeded');
  const next = await askForBackup(person);
  expect((await ended(person, next)).state).toBe('succeeded');
  // The lost one was not begun a second time.
  expect(survivor.took).toEqual([kept, next]);
  expect(ids.toSorted()).toEqual([lost, kept].toSorted());
  expect(await files('.part')).toEqual([]);
  expect(await files('.zip')).toHaveLength(2);
});

test('one process that answers and one that works are a whole server together: ROLE=api and ROLE=worker', async () => {
  const [api, worker] = await Promise.all([start({ ROLE: 'api' }), start({ ROLE: 'worker' })]);
  const person = await signIn(api.url);
  proxy.pauseAfter(SOME);
  const held = await askForBackup(person);
  await until('it is held up in the middle', async () => proxy.waiting > 0);
  await person.client.operations.cancel.mutate({ id: held });
  expect((await watched(person, held)).at(-1)?.state).toBe('cancelled');
  proxy.resume();
  const id = await askForBackup(person);
  expect((await watched(person, id)).at(-1)?.state).toBe('succeeded');
  expect([api.took, worker.took]).toEqual([[], [held, id]]);
  const archive = (await stateOf(person, id)).archive ?? '';
  await person.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  const download = await person.ask(`/api/backups/${archive}/download`);
  expect((await download.bytes()).length).toBe(Number(download.headers.get('content-length')));

  // The worker answers who watches it, and nobody else.
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect((await fetch(`${worker.url}${path}`)).status).toBe(200);
  for (const path of ['/trpc/auth.me', '/api/audit.csv', '/.well-known/jwks.json'])
    expect((await fetch(`${worker.url}${path}`)).status).toBe(404);

  // Without a worker, work waits; the next worker does it.
  await worker.end('SIGTERM');
  running = [api];
  const waiting = await askForBackup(person);
  expect((await stateOf(person, waiting)).state).toBe('queued');
  await start({ ROLE: 'worker' });
  expect((await ended(person, waiting)).state).toBe('succeeded');
});
