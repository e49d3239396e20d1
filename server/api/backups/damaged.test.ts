import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { BackupClient } from '../../client/client.ts';
import { metricSources } from '../../process/metrics/metric-sources.ts';
import { answeredCode } from '../../testing/answered.fixture.ts';
import type { TestServer } from '../server.fixture.ts';
import { type SignedIn, signedInServer } from '../signed-in.fixture.ts';

let server: TestServer;
let client: BackupClient;
let backUp: SignedIn['backUp'];
beforeAll(async () => {
  ({ server, client, backUp } = await signedInServer());
});
afterAll(() => server[Symbol.asyncDispose]());

test('promise 4: what was found damaged is told wherever backups are told of, and not restored whole', async () => {
  await backUp({ name: 'older' });
  await backUp({ name: 'bitten' });
  const { storage } = server;
  await using source = await storage.open('bitten.zip');
  const bytes = await source.read(0, source.size);
  const at = Buffer.from(bytes).indexOf('data/public.categories/') + 60;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const notes = await storage.readSidecar('bitten.zip');
  await storage.remove('bitten.zip');
  const object = await storage.create('bitten.zip');
  await object.write(bytes);
  await object.commit();
  if (notes) await storage.writeSidecar('bitten.zip', notes);
  server.parts.cache.drop('bitten.zip');
  const { operation } = (await client.backups.verify.mutate({ id: 'bitten.zip' })).data;
  expect(await answeredCode(client.wait(operation.id))).toBe('ARCHIVE_DAMAGED');

  const found = {
    code: 'ARCHIVE_DAMAGED',
    foundAt: expect.any(String),
    message: expect.stringContaining('categories'),
  };
  const [listed] = (await client.backups.list.query({ damaged: true })).data.items;
  expect(listed).toMatchObject({ fileName: 'bitten.zip', damaged: found });
  expect((await client.backups.list.query({ verified: true, search: 'bitten' })).data.total).toBe(0);
  const { info, detail } = (await client.backups.get.query({ id: 'bitten.zip' })).data;
  expect([info.damaged?.foundAt, detail?.tables.length]).toEqual([expect.any(String), expect.any(Number)]);
  const { recommendations, lastBackup } = (await client.system.status.query()).data;
  expect(recommendations[0]).toMatchObject({ code: 'LAST_DAMAGED', level: 'urgent', archive: 'bitten.zip' });
  expect(lastBackup?.fileName).toBe('older.zip');
  const metrics = metricSources(server.parts.records, storage);
  expect((await metrics.storage()).damaged).toBe(1);
  const older = (await client.operations.list.query({ kinds: ['backup'] })).data.operations.find(
    ({ archive }) => archive === 'older.zip',
  );
  expect((await metrics.operations()).lastComplete?.toISOString()).toBe(older?.finishedAt ?? '');
  const whole = client.restores.start.mutate({
    from: { backup: 'bitten.zip' },
    confirmDatabase: server.database.name,
  });
  expect(await answeredCode(whole)).toBe('ARCHIVE_DAMAGED');
  await client.backups.remove.mutate({ id: 'bitten.zip' });
});

test('which database a backup was made of is told, and whether that is this one', async () => {
  await backUp({ name: 'of-here' });
  const here = (await client.backups.get.query({ id: 'of-here.zip' })).data;
  expect(here.madeHere).toBe('same');
  expect(here.info.origin).toStartWith(new URL(server.database.url).pathname.slice(1));
  const object = await server.storage.create('of-elsewhere.zip');
  await object.write(await Bun.file(join(import.meta.dir, '../../archive/fixtures/format-1.1-deflate.zip')).bytes());
  await object.commit();
  server.parts.cache.drop('of-elsewhere.zip');
  const other = (await client.backups.get.query({ id: 'of-elsewhere.zip' })).data;
  expect(other.madeHere).toBe('other');
  expect(other.info.origin).not.toBe(here.info.origin);
  const listed = (await client.backups.list.query({ search: 'of-elsewhere' })).data.items[0];
  expect(listed?.origin).toBe(other.info.origin);
});
