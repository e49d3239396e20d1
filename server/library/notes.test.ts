import { expect, test } from 'bun:test';
import { sampleArchive } from '../archive/sample.fixture.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { noteVerified } from './mark-checked.ts';
import { createNotes } from './notes.ts';

test('a backup that is pinned while a verification notes itself stays pinned', async () => {
  const inner = createMemoryStorage(() => new Date());
  const { bytes, digest } = await sampleArchive();
  {
    await using object = await inner.create('a.zip');
    await object.write(bytes);
    await object.commit();
  }
  const notes = { digest, kind: 'full', pinned: false, note: null, lastVerified: null, lastProved: null };
  await inner.writeSidecar('a.zip', notes);
  const writing = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  const slow: Storage = {
    ...inner,
    async writeSidecar(name, sidecar) {
      if (sidecar.lastVerified !== null && !sidecar.pinned) {
        writing.resolve();
        await resume.promise;
      }
      await inner.writeSidecar(name, sidecar);
    },
  };
  const verified = noteVerified(slow, 'a.zip', digest, new Date('2026-11-23T10:00:00Z'));
  await writing.promise;
  const pinned = createNotes(slow).change('a.zip', { pinned: true });
  await Promise.race([pinned, Bun.sleep(20)]);
  resume.resolve();
  await Promise.all([verified, pinned]);
  expect(await inner.readSidecar('a.zip')).toMatchObject({ pinned: true, lastVerified: '2026-11-23T10:00:00.000Z' });
});
