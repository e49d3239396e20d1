import { expect, test } from 'bun:test';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { memorySink } from '../archive/sample.fixture.ts';
import { createArchiveWriter } from '../archive/writer.ts';
import { openSnapshot } from '../postgres/snapshot.ts';
import { copyParts } from './copy.ts';

const SLOW = {
  table: { schema: 'public', name: 'slow' },
  leaf: { schema: 'public', name: 'slow', oid: 0 },
  sql: 'COPY (SELECT pg_catalog.pg_sleep(60)::text) TO STDOUT (FORMAT csv)',
  header: Buffer.from('a\n'),
  columns: ['a'],
  key: [],
  encoding: 'UTF8' as const,
  bytes: 0,
};

test('copyParts() tells why the moment is gone, not that somebody came too late for it', async () => {
  await using database = await testDatabase();
  const { signal } = new AbortController();
  const how = { applicationName: 'copy', signal, lockTimeoutMs: 1000 };
  const open = async () => openSnapshot(await openWorkingSession(database.url, how), database.url, [], how);
  const over = await open();
  await over[Symbol.asyncDispose]();
  const late = await rejection(over.join());
  await using snapshot = await open();
  const writer = createArchiveWriter({
    sink: memorySink(),
    compression: { method: 'deflate' },
    time: new Date(0),
    signal,
  });
  const copying = rejection(
    copyParts([SLOW, SLOW], { ...snapshot, join: () => Promise.reject(late) }, writer, {
      connections: 2,
      signal,
      onProgress: () => {},
    }),
  );
  const cancel = () =>
    database.admin<{ done: boolean }>(
      `SELECT pg_catalog.pg_cancel_backend(pid) AS done FROM pg_catalog.pg_stat_activity
        WHERE datname = current_database() AND application_name = 'copy' AND state = 'active' AND query LIKE 'COPY%'`,
    );
  while ((await cancel()).length === 0) await Bun.sleep(20);
  expect((await copying).code).toBe('CANCELLED');
});
