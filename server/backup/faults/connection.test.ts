import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { shareOf } from '../../../db/testing/campaign.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { signalBackends, slowStorage } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

const WHO = [
  { name: 'its leader and its workers', pattern: 'palace-backup backup ________-____-____-____-____________' },
  { name: 'the session that holds its locks', pattern: 'palace-backup backup % ctl' },
  { name: 'all its sessions', pattern: 'palace-backup backup %' },
];

describe.each(testServers())('on PostgreSQL %s', (server) => {
  let library: TestLibrary;
  beforeAll(async () => {
    // More than all buffers of a copy together, so that the sockets block while the storage does.
    library = await testLibrary({ server, lendings: 5000, repeat: 160 });
  });
  afterAll(() => library[Symbol.asyncDispose]());

  for (const { name, pattern } of shareOf(server, WHO)) {
    test(`a backup says CONNECTION_LOST and leaves nothing behind when the server ends ${name}`, async () => {
      const { storage, reached, resume } = slowStorage(3);
      const backup = rejection(library.backup(storage));
      await reached;
      expect(await signalBackends(library.database, 'pg_terminate_backend', pattern)).toBeGreaterThan(0);
      await Bun.sleep(50);
      resume();
      expect((await backup).code).toBe('CONNECTION_LOST');
      await expectNothing(library, storage, 'failed');
    });
  }

  test('a backup says CONNECTION_LOST and stops all its sessions when the server ends the one that is copying', async () => {
    const { storage, reached, resume } = slowStorage(3);
    const backup = rejection(library.backup(storage));
    await reached;
    // Sessions that wait for the program to read still have rows to send, which nobody will receive.
    const endCopying = () =>
      library.database.admin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name ~ '^palace-backup backup .{36}$' AND state = 'active'
            AND query LIKE 'COPY%' AND wait_event = 'ClientWrite' LIMIT 1`,
      );
    while ((await endCopying()).length === 0) await Bun.sleep(10);
    await Bun.sleep(50);
    resume();
    expect((await backup).code).toBe('CONNECTION_LOST');
    await expectNothing(library, storage, 'failed');
  });

  test('a backup whose COPY is cancelled by somebody says so and leaves nothing behind', async () => {
    const { storage, reached, resume } = slowStorage(3);
    const backup = rejection(library.backup(storage));
    await reached;
    await signalBackends(library.database, 'pg_cancel_backend', 'palace-backup backup %');
    await Bun.sleep(50);
    resume();
    const error = await backup;
    expect([error.code, error.message]).toEqual(['CANCELLED', expect.stringContaining('The database cancelled')]);
    await expectNothing(library, storage, 'cancelled');
  });

  for (const stage of shareOf(server, ['prepare', 'copy', 'finish', 'verify'])) {
    test(`a backup can be cancelled at the stage "${stage}", and leaves nothing behind`, async () => {
      const { storage, resume } = slowStorage(0);
      resume();
      const cancel = new AbortController();
      const onStage = (reached: string) => reached === stage && cancel.abort();
      const error = await rejection(library.backup(storage, { signal: cancel.signal, onStage }));
      expect(error.code).toBe('CANCELLED');
      await expectNothing(library, storage, 'cancelled');
    });
  }

  test('a backup that loses its locks after the archive is complete is not counted as failed', async () => {
    const { storage, resume } = slowStorage(0);
    resume();
    const writeSidecar = storage.writeSidecar;
    storage.writeSidecar = async (...words) => {
      await signalBackends(library.database, 'pg_terminate_backend', 'palace-backup backup %');
      await writeSidecar(...words);
    };
    const result = await library.backup(storage);
    expect((await storage.list()).map((object) => object.name)).toEqual([result.fileName]);
    expect((await library.records()).at(-1)).toBe('backup succeeded');
    expect(await library.leftovers()).toEqual([]);
  });

  test('notes that cannot be written beside the archive are a warning, and the backup is made', async () => {
    const { storage, resume } = slowStorage(0);
    resume();
    storage.writeSidecar = () => Promise.reject(new Error('no'));
    const result = await library.backup(storage);
    expect(result.warnings).toContainEqual(expect.stringContaining('its notes'));
    expect((await storage.list()).map((object) => object.name)).toEqual([result.fileName]);
  });

  test('a backup after all these goes through', async () => {
    const { storage, resume } = slowStorage(0);
    resume();
    const result = await library.backup(storage);
    expect([result.verified, result.tables['lendings']]).toEqual([true, 4287]);
  });
});

async function expectNothing(
  library: TestLibrary,
  storage: { list(): Promise<unknown[]> },
  recorded: string,
): Promise<void> {
  expect(await storage.list()).toEqual([]);
  expect(await library.leftovers()).toEqual([]);
  expect((await library.records()).at(-1)).toBe(`backup ${recorded}`);
}
