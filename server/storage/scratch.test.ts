import { expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScratch } from './scratch.ts';

const home = { label: 'home', redactions: {}, freeSpace: async () => null, demandPresent: async () => undefined };

test('what is written can be read at any place, and the folder never shows it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'scratch-'));
  const folder = join(dir, 'made', 'here');
  try {
    await using scratch = createScratch(folder, home);
    await using object = await scratch.create('a.zip');
    expect(await readdir(folder)).toEqual([]);
    await Promise.all(['hello ', 'wide ', 'world'].map((word) => object.write(new TextEncoder().encode(word))));
    await object.commit();
    await using source = await scratch.open('a.zip');
    expect(source.size).toBe(16);
    expect(new TextDecoder().decode(await source.read(6, 10))).toBe('wide world');
    await expect(source.read(10, 7)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    expect(await readdir(folder)).toEqual([]);
    expect(await scratch.list()).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('a folder that cannot be written to is STORAGE_UNAVAILABLE', async () => {
  await using scratch = createScratch('/proc/nowhere', home);
  await expect(scratch.create('a.zip')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});
