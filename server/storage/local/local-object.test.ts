import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { LocalPendingObject, type PendingFile } from './local-object.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-object-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const NAME = 'a.zip';
const pathOf = () => join(folder, NAME);

async function pending(): Promise<PendingFile> {
  const temporary = join(folder, '.a.part');
  return {
    handle: await open(temporary, 'wx'),
    temporary,
    name: NAME,
    path: pathOf(),
    sidecar: `${pathOf()}.json`,
    freeSpace: async () => null,
    redactions: {},
    beforeNaming: async () => undefined,
  };
}

/** Calls `seen` at every sync of any file or folder. */
async function watchSyncs(seen: () => void): Promise<Disposable> {
  const probe = await open(folder, 'r');
  const handles: { sync: typeof probe.sync } = Object.getPrototypeOf(probe);
  await probe.close();
  const { sync } = handles;
  handles.sync = function watched(this: typeof probe) {
    seen();
    return sync.call(this);
  };
  return {
    [Symbol.dispose]() {
      handles.sync = sync;
    },
  };
}

test('promise 3: bytes are brought to disk before they have their name, and the name after', async () => {
  const named: boolean[] = [];
  const object = new LocalPendingObject(await pending());
  await object.write(Buffer.from('archive'));
  {
    using _watch = await watchSyncs(() => named.push(existsSync(pathOf())));
    await object.commit();
  }
  expect(named).toEqual([false, true]);
  await rm(pathOf());
});

test('promise 3: bytes that cannot be brought to disk, at the end or half-way, never get a name', async () => {
  const fails = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
  for (const [how, bytes] of [
    ['sync', 7],
    ['datasync', 33 * 1024 * 1024],
  ] as const) {
    const parts = await pending();
    parts.handle[how] = fails;
    const object = new LocalPendingObject(parts);
    await object.write(new Uint8Array(bytes));
    expect((await rejection(object.commit())).code).toBe('STORAGE_UNAVAILABLE');
    expect(await readdir(folder)).toEqual([]);
  }
});
