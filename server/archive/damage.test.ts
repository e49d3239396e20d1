import { beforeAll, expect, test } from 'bun:test';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { bytesSource } from '../storage/memory.ts';
import { checkContainer, openArchive } from './reader.ts';
import { sampleArchive } from './sample.fixture.ts';

/** Milliseconds for opening thousands of archives, the duration of which is not tested. */
const TIMEOUT_MS = 60_000;
const methods = ['deflate', 'zstd'] as const;
const samples = new Map<string, Uint8Array>();
beforeAll(async () => {
  for (const method of methods) samples.set(method, (await sampleArchive({ method })).bytes);
});

async function readAll(bytes: Uint8Array): Promise<void> {
  const archive = await openArchive(bytesSource(bytes));
  await checkContainer(archive);
}

/** Returns the codes found, and the number of damaged archives taken for sound. */
async function tryEach(
  count: number,
  damaged: (index: number) => Uint8Array,
): Promise<{ codes: string[]; passed: number[] }> {
  const codes = new Set<string>();
  const passed: number[] = [];
  for (let index = 0; index < count; index++) {
    const code = await codeOf(readAll(damaged(index)));
    if (code === null) passed.push(index);
    else codes.add(code);
  }
  return { codes: [...codes].sort(), passed };
}

for (const method of methods) {
  const bytes = () => samples.get(method) ?? new Uint8Array();

  test(`openArchive() and checkContainer() accept the ${method} archive as it was written`, async () => {
    await readAll(bytes());
  });

  test(
    `openArchive() and checkContainer() notice every single flipped bit of a ${method} archive`,
    async () => {
      const whole = bytes();
      const result = await tryEach(whole.length * 8, (bit) => {
        const damaged = new Uint8Array(whole);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return damaged;
      });
      expect(result.passed).toEqual([]);
      expect(result.codes).toEqual(['ARCHIVE_DAMAGED', 'ARCHIVE_INVALID']);
    },
    TIMEOUT_MS,
  );

  test(`openArchive() notices a ${method} archive cut at every possible length`, async () => {
    const whole = bytes();
    expect((await tryEach(whole.length, (index) => whole.subarray(0, index))).passed).toEqual([]);
  });

  test(`promise 4: openArchive() and checkContainer() notice a byte removed anywhere from a ${method} archive`, async () => {
    const whole = bytes();
    const result = await tryEach(whole.length, (index) =>
      Buffer.concat([whole.subarray(0, index), whole.subarray(index + 1)]),
    );
    expect(result.passed).toEqual([]);
  });

  test(`promise 4: openArchive() and checkContainer() notice a byte added anywhere to a ${method} archive`, async () => {
    const whole = bytes();
    const result = await tryEach(whole.length + 1, (index) =>
      Buffer.concat([
        whole.subarray(0, index),
        Uint8Array.of(index % 2 === 0 ? 0 : (whole[index] ?? 0)),
        whole.subarray(index),
      ]),
    );
    expect(result.passed).toEqual([]);
  });
}
