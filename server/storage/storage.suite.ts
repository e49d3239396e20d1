import { expect, test } from 'bun:test';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { AppError } from '../core/errors.ts';
import { oddNames } from './odd-names.fixture.ts';
import type { Sidecar, Storage } from './storage.ts';

const SIDECAR: Sidecar = {
  digest: 'ab'.repeat(32),
  kind: 'full',
  pinned: true,
  note: 'für später 💾',
  lastVerified: '2026-11-23T00:00:00.000Z',
  lastProved: null,
};
const bytes = (text: string) => new TextEncoder().encode(text);

/** Tests the promises of every storage on one. `make` returns a fresh, empty storage. */
export function storageSuite(kind: string, make: () => Promise<Storage>): void {
  const put = async (storage: Storage, name: string, content: string): Promise<void> => {
    await using pending = await storage.create(name);
    await pending.write(bytes(content));
    await pending.commit();
  };
  const get = async (storage: Storage, name: string): Promise<string> => {
    await using source = await storage.open(name);
    return new TextDecoder().decode(await source.read(0, source.size));
  };

  test(`${kind}: an object reads back as it was written, in the order of its writes`, async () => {
    const storage = await make();
    await using pending = await storage.create('a.zip');
    const pieces = Array.from({ length: 200 }, (_, index) => `${index},`.repeat(index));
    await Promise.all(pieces.map((piece) => pending.write(bytes(piece))));
    await pending.commit();
    expect(await get(storage, 'a.zip')).toBe(pieces.join(''));
  });

  test(`${kind}: a buffer may be reused when write() has resolved`, async () => {
    const storage = await make();
    await using pending = await storage.create('a.zip');
    const buffer = Buffer.from('one');
    await pending.write(buffer);
    buffer.write('two');
    await pending.write(buffer);
    await pending.commit();
    expect(await get(storage, 'a.zip')).toBe('onetwo');
  });

  test(`promise 3: ${kind}: nothing is visible under the name before commit()`, async () => {
    const storage = await make();
    await using pending = await storage.create('a.zip');
    await pending.write(bytes('half'));
    expect(await storage.list()).toEqual([]);
    expect(await codeOf(storage.open('a.zip'))).toBe('NOT_FOUND');
    await pending.commit();
    expect((await storage.list()).map((object) => [object.name, object.size])).toEqual([['a.zip', 4]]);
  });

  test(`${kind}: an object that was aborted or disposed leaves nothing behind, and its name is free`, async () => {
    const storage = await make();
    const pending = await storage.create('a.zip');
    await pending.write(bytes('half'));
    await pending.abort();
    await pending.abort();
    {
      await using disposed = await storage.create('a.zip');
      await disposed.write(bytes('half'));
    }
    expect(await storage.list()).toEqual([]);
    expect(pending.write(bytes('more'))).rejects.toThrow();
    expect(pending.commit()).rejects.toThrow();
    await put(storage, 'a.zip', 'whole');
    expect(await get(storage, 'a.zip')).toBe('whole');
  });

  test(`${kind}: disposing after commit() keeps the object`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'kept');
    expect(await get(storage, 'a.zip')).toBe('kept');
  });

  test(`${kind}: a taken name is refused with ALREADY_EXISTS and what it holds stays`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'first');
    expect(await codeOf(storage.create('a.zip'))).toBe('ALREADY_EXISTS');
    expect(await get(storage, 'a.zip')).toBe('first');
  });

  test(`${kind}: of two writers of one name one wins, whole, and the other gets ALREADY_EXISTS`, async () => {
    const storage = await make();
    await using first = await storage.create('a.zip');
    await using second = await storage.create('a.zip');
    await first.write(bytes('from the first'));
    await second.write(bytes('from the second'));
    const ends = await Promise.allSettled([first.commit(), second.commit()]);
    expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = ends.find((end) => end.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await get(storage, 'a.zip')).toBe(ends[0].status === 'fulfilled' ? 'from the first' : 'from the second');
  });

  test(`${kind}: what is made has no name that begins with a hyphen`, async () => {
    const storage = await make();
    for (const name of ['-rf.zip', '--help.zip', '-.json'])
      expect(await codeOf(storage.create(name))).toBe('NAME_INVALID');
  });

  test(`${kind}: names that are not plain file names are refused with NAME_INVALID by every verb`, async () => {
    const storage = await make();
    for (const name of oddNames()) {
      const verbs = [
        storage.create(name),
        storage.open(name),
        storage.remove(name),
        storage.readSidecar(name),
        storage.writeSidecar(name, SIDECAR),
      ];
      for (const verb of verbs) expect([name, await codeOf(verb)]).toEqual([name, 'NAME_INVALID']);
      expect(() => storage.locate(name)).toThrow(AppError);
    }
    await put(storage, `${'a'.repeat(196)}.zip`, 'long enough');
  });

  test(`${kind}: list() gives archives only, newest first, with their sizes`, async () => {
    const storage = await make();
    for (const name of ['one.zip', 'two.zip', 'three.zip.age']) {
      await put(storage, name, name);
      await Bun.sleep(5);
    }
    await put(storage, 'notes.txt', 'not an archive');
    await storage.writeSidecar('one.zip', SIDECAR);
    await put(storage, 'one.json', '{}');
    await put(storage, 'one.json.gz', 'gz');
    expect((await storage.listDocuments()).map(({ name }) => name).sort()).toEqual(['one.json', 'one.json.gz']);
    const listed = await storage.list();
    expect(listed.map((object) => [object.name, object.size])).toEqual([
      ['three.zip.age', 13],
      ['two.zip', 7],
      ['one.zip', 7],
    ]);
    for (const object of listed) expect(Math.abs(object.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test(`${kind}: remove() takes the object and its sidecar, and says NOT_FOUND when there is none`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'x');
    await storage.writeSidecar('a.zip', SIDECAR);
    await storage.remove('a.zip');
    expect(await codeOf(storage.remove('a.zip'))).toBe('NOT_FOUND');
    expect(await storage.list()).toEqual([]);
    expect(await storage.readSidecar('a.zip')).toBeNull();
  });

  test(`${kind}: a sidecar reads back as it was written, is replaced as a whole, and is null where there is none`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'x');
    expect(await storage.readSidecar('a.zip')).toBeNull();
    await storage.writeSidecar('a.zip', SIDECAR);
    expect(await storage.readSidecar('a.zip')).toEqual(SIDECAR);
    const damaged = {
      ...SIDECAR,
      foundDamaged: { at: SIDECAR.lastVerified ?? '', code: 'ARCHIVE_DAMAGED', message: 'x' },
    };
    const bare = { ...SIDECAR, pinned: false, note: null, lastVerified: null };
    for (const other of [damaged, bare]) {
      await storage.writeSidecar('a.zip', other);
      expect(await storage.readSidecar('a.zip')).toEqual(other);
    }
    expect(await codeOf(storage.writeSidecar('none.zip', SIDECAR))).toBe('NOT_FOUND');
  });

  test(`${kind}: a new object does not inherit the sidecar of an earlier one of its name`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'x');
    await storage.writeSidecar('a.zip', SIDECAR);
    await storage.remove('a.zip');
    await put(storage, 'a.zip', 'y');
    expect(await storage.readSidecar('a.zip')).toBeNull();
  });

  test(`${kind}: read() gives exactly the bytes asked for, into a buffer when given, and ARCHIVE_DAMAGED past the end`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', '0123456789');
    await using source = await storage.open('a.zip');
    expect(source.size).toBe(10);
    const buffer = new Uint8Array(8).fill(120);
    const found = await source.read(3, 4, buffer);
    expect([new TextDecoder().decode(found), new TextDecoder().decode(buffer)]).toEqual(['3456', '3456xxxx']);
    expect(found.buffer).toBe(buffer.buffer);
    expect((await source.read(10, 0)).length).toBe(0);
    for (const [offset, length] of [
      [8, 3],
      [10, 1],
      [-1, 1],
      [100, 1],
    ] as const)
      expect(await codeOf(source.read(offset, length))).toBe('ARCHIVE_DAMAGED');
    const many = await Promise.all(Array.from({ length: 10 }, (_, index) => source.read(index, 1)));
    expect(many.map((one) => new TextDecoder().decode(one)).join('')).toBe('0123456789');
  });

  test(`${kind}: what one reads is a copy that changes nothing stored`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'stored');
    await using source = await storage.open('a.zip');
    (await source.read(0, 6)).fill(0);
    expect(await get(storage, 'a.zip')).toBe('stored');
  });

  test(`${kind}: sweep() leaves objects and the unfinished work of this process alone`, async () => {
    const storage = await make();
    await put(storage, 'a.zip', 'x');
    await using pending = await storage.create('b.zip');
    await pending.write(bytes('unfinished'));
    expect(await storage.sweep()).toEqual([]);
    await pending.commit();
    expect(await get(storage, 'b.zip')).toBe('unfinished');
  });

  test(`${kind}: freeSpace() is a number of bytes or null, and locate() names the place`, async () => {
    const storage = await make();
    const free = await storage.freeSpace();
    expect(free === null || (Number.isSafeInteger(free) && free >= 0)).toBe(true);
    expect(storage.locate('a.zip')).toEndWith('a.zip');
    expect(storage.label).not.toBe('');
  });
}
