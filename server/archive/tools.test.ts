import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNPACKERS } from '../testing/by-hand.fixture.ts';
import { FORMAT_VERSION } from './manifest/manifest.ts';
import { SAMPLE_CHUNKS, sampleArchive } from './sample.fixture.ts';

/** Tools that may open a ZIP on this machine. Each test uses all it finds, and one must exist. */
const TOOLS = {
  deflate: { ...UNPACKERS.deflate, '7z': ['7z', 'x', 'backup.zip', '-oout'] },
  zstd: { ...UNPACKERS.zstd, '7zz': ['7zz', 'x', 'backup.zip', '-oout'] },
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-tools-'));
});
afterAll(() => rm(folder, { recursive: true }));

for (const method of ['deflate', 'zstd'] as const) {
  test(`a ${method} archive unpacks with stock tools to exactly what went in`, async () => {
    const used: string[] = [];
    for (const [tool, command] of Object.entries(TOOLS[method])) {
      if (Bun.which(tool) === null) continue;
      const cwd = await mkdtemp(join(folder, tool));
      await Bun.write(join(cwd, 'backup.zip'), (await sampleArchive({ method })).bytes);
      const { exitCode, stderr } = Bun.spawnSync([...command], { cwd });
      // 7-Zip and bsdtar of some builds lack zstd and say so.
      if (/Unsupported (Method|ZIP compression method)/i.test(stderr.toString())) continue;
      expect(`${tool} ${exitCode} ${stderr}`).toBe(`${tool} 0 `);
      const read = (name: string) => Bun.file(join(cwd, 'out', name)).text();
      expect(await read('data/public.staff/00001.csv')).toBe(String(SAMPLE_CHUNKS[0]?.content));
      expect(await read('data/public.loans/00001.csv')).toBe(String(SAMPLE_CHUNKS[1]?.content));
      expect(await read('data/public.staff/00002.copy')).toBe(String(SAMPLE_CHUNKS[2]?.content));
      expect(JSON.parse(await read('manifest.json')).formatVersion).toBe(FORMAT_VERSION);
      used.push(tool);
    }
    expect(used).not.toEqual([]);
  });
}

test('unzip finds nothing to complain of, and gives unpacked files to their owner only', async () => {
  await Bun.write(join(folder, 'backup.zip'), (await sampleArchive()).bytes);
  const tested = Bun.spawnSync(['unzip', '-t', 'backup.zip'], { cwd: folder });
  expect(tested.stdout.toString()).toContain('No errors detected in compressed data of backup.zip.');
  const listed = Bun.spawnSync(['unzip', '-Z', 'backup.zip'], { cwd: folder }).stdout.toString();
  expect(listed.split('\n').filter((line) => line.startsWith('-rw-------'))).toHaveLength(5);
});
