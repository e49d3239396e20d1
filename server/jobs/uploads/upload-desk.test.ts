import { expect, test } from 'bun:test';
import { openRecords } from '../../../db/system/records.ts';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import { sampleArchive } from '../../archive/sample.fixture.ts';
import { asCaller, filesServer } from '../../files/files.fixture.ts';
import { createUploadDesk } from './upload-desk.ts';

const signal = new AbortController().signal;

test('uploads are listed newest first in pages, accepted once, and removed with their files', async () => {
  await using server = await filesServer();
  const desk = createUploadDesk(server.parts);
  const { bytes } = await sampleArchive();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    const response = await fetch(`${server.url}/api/uploads?accept=later`, {
      method: 'PUT',
      body: bytes,
      headers: asCaller(),
    });
    ids.unshift(((await response.json()) as { data: { uploadId: string } }).data.uploadId);
  }
  const seen: string[] = [];
  let before: string | undefined;
  for (let page = 0; page < 3; page++) {
    const { uploads, next } = await desk.list({ limit: 2, ...(before !== undefined && { before }) });
    seen.push(...uploads.map(({ id }) => id));
    before = next ?? undefined;
  }
  expect([seen, before]).toEqual([ids, undefined]);

  const [first = '', second = ''] = ids;
  const { operation } = await desk.accept(first, 'ada', 'here');
  const by = { actor: 'ada', origin: 'here' };
  expect((await server.parts.acceptance.finish(first, by, signal)).upload).toMatchObject({
    state: 'accepted',
    type: 'archive',
  });
  expect(await desk.accept(first, 'ada', 'here')).toMatchObject({ operation: { id: operation.id }, existing: true });
  expect((await desk.get(first)).operationId).toBe(operation.id);
  await desk.remove(second, 'ada');
  expect(await desk.get(second)).toMatchObject({ state: 'refused', error: { code: 'CANCELLED' } });
  expect(await codeOf(desk.accept(second, 'ada', 'here'))).toBe('CANCELLED');
  await desk.remove(first, 'ada');
  expect((await desk.get(first)).state).toBe('accepted');
  expect((await server.storage.list()).length).toBe(1);
  expect((await server.waiting()).sort()).toEqual(ids.slice(2).sort());
  for (const id of [crypto.randomUUID()]) {
    expect([
      await codeOf(desk.get(id)),
      await codeOf(desk.remove(id, 'ada')),
      await codeOf(desk.accept(id, 'ada', 'here')),
    ]).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
  }
  for (const gone of [crypto.randomUUID(), 'no id', ''])
    expect(await codeOf(desk.list({ limit: 2, before: gone }))).toBe('INPUT_INVALID');
});

test('a database that does not answer is said so, without the statement', async () => {
  const client = openRecords('postgres://nobody:secret@127.0.0.1:1/none');
  await using server = await filesServer({ records: client.records });
  const response = await fetch(`${server.url}/api/uploads`, { method: 'PUT', body: 'x', headers: asCaller() });
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ success: false, error: { code: 'DATABASE_UNREACHABLE' } });
  expect(text).not.toMatch(/insert|secret/i);
  expect(await server.waiting()).toEqual([]);
  await client.close();
});
