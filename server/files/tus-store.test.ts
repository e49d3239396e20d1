import { expect, spyOn, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openRecords } from '../../db/system/records.ts';
import { createUploadArea } from '../storage/uploads.ts';
import { TusStore } from './tus-store.ts';

test('pieces of an upload are cleared away also when each comes in a request of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palace-tus-store-'));
  const area = createUploadArea(join(folder, '.uploads'));
  // Writing runs no query.
  const { records } = openRecords('postgres://nobody@127.0.0.1:1/none');
  const collect = spyOn(Bun, 'gc');
  try {
    await area.prepare();
    const store = new TusStore({
      records,
      area,
      waitingLimits: { uploads: 9, bytes: 1e6, unknown: 1 },
      now: () => new Date(),
    });
    const id = crypto.randomUUID();
    await area.make(id);
    const piece = Buffer.alloc(8 * 1024 * 1024, 1);
    let end = 0;
    for (let request = 0; request < 8; request++) end = await store.write(Readable.from([piece]), id, end);
    expect(end).toBe(8 * piece.length);
    expect(collect).toHaveBeenCalledTimes(2);
  } finally {
    collect.mockRestore();
    await rm(folder, { recursive: true });
  }
});
