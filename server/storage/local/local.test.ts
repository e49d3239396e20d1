import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../../db/testing/code-of.fixture.ts';
import { openFile } from '../file-source.ts';
import { storageSuite } from '../storage.suite.ts';
import type { Storage } from '../storage.ts';
import { MARKER } from './folder-marker.ts';
import { createLocalStorage } from './local.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'storage-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const freshFolder = () => mkdtemp(join(root, 'folder-'));
storageSuite('local', async () => createLocalStorage(await freshFolder()));

async function put(folder: string, name: string, content = 'x'): Promise<void> {
  await using pending = await createLocalStorage(folder).create(name);
  await pending.write(Buffer.from(content));
  await pending.commit();
}

/** Runs a script in a process of its own, with `storage` made for `folder`. */
function script(folder: string, body: string, shell = ''): { code: number | null; signal: string | null; out: string } {
  const code = `const { createLocalStorage } = await import(${JSON.stringify(join(import.meta.dir, 'local.ts'))});
    const storage = createLocalStorage(${JSON.stringify(folder)}); ${body}`;
  const { status, signal, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `${shell} exec "$0" -e "$1"`, process.execPath, code],
    { encoding: 'utf8' },
  );
  return { code: status, signal, out: `${stdout}${stderr}` };
}

/** Lists a folder without the marker, which is always present. */
const shownIn = async (folder: string) => (await readdir(folder)).filter((name) => name !== MARKER).sort();

test('createLocalStorage() makes its folder for its owner only, and files nobody else may read', async () => {
  const folder = join(await freshFolder(), 'deep', 'backups');
  await put(folder, 'a.zip');
  await createLocalStorage(folder).writeSidecar('a.zip', {
    digest: '',
    kind: 'full',
    pinned: false,
    note: null,
    lastVerified: null,
    lastProved: null,
  });
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const file of ['a.zip', 'a.zip.json']) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect(await shownIn(folder)).toEqual(['a.zip', 'a.zip.json']);
});

test('an object is made in a folder that others take away, as long as it is empty, at the same time', async () => {
  const folder = join(await freshFolder(), 'deep', 'backups');
  const storage = createLocalStorage(folder);
  let over = false;
  const takeAway = async () => {
    while (!over) {
      await rmdir(folder).catch(() => undefined);
      await Bun.sleep(2);
    }
  };
  const taking = takeAway();
  for (let round = 0; round < 200; round++) await (await storage.create(`given-up-${round}.zip`)).abort();
  await put(folder, 'a.zip');
  over = true;
  await taking;
  expect(await shownIn(folder)).toEqual(['a.zip']);
});

test('list() and freeSpace() do not need the folder to exist, and do not make it', async () => {
  const folder = join(await freshFolder(), 'not', 'yet');
  const storage = createLocalStorage(folder);
  expect(await storage.list()).toEqual([]);
  expect(await storage.sweep()).toEqual([]);
  expect(await storage.freeSpace()).toBeGreaterThan(0);
  expect(await codeOf(storage.remove('a.zip'))).toBe('NOT_FOUND');
  expect(await lstat(folder).catch(() => 'missing')).toBe('missing');
});

test('list() passes over folders, links and foreign files', async () => {
  const folder = await freshFolder();
  await put(folder, 'a.zip');
  await mkdir(join(folder, 'folder.zip'));
  await symlink(join(folder, 'a.zip'), join(folder, 'link.zip'));
  for (const name of ['.hidden.zip', 'notes.txt', 'a.zip.json', 'with space.zip', 'x.zip.part'])
    await writeFile(join(folder, name), '');
  expect((await createLocalStorage(folder).list()).map((object) => object.name)).toEqual(['a.zip']);
});

test('open() and readSidecar() follow no symbolic link', async () => {
  const folder = await freshFolder();
  const secret = join(await freshFolder(), 'secret');
  await writeFile(secret, '{"digest":"","kind":"full","pinned":false}');
  await symlink(secret, join(folder, 'link.zip'));
  await symlink(secret, join(folder, 'a.zip.json'));
  const storage = createLocalStorage(folder);
  expect(await codeOf(storage.open('link.zip'))).toBe('NOT_FOUND');
  expect(await codeOf(storage.create('link.zip'))).toBe('ALREADY_EXISTS');
  expect(await storage.readSidecar('a.zip').catch(() => null)).toBeNull();
});

test('readSidecar() takes what is no sidecar for none', async () => {
  const folder = await freshFolder();
  await put(folder, 'a.zip');
  for (const wrong of ['', '{', 'null', '[]', '{"digest":1}', '\xff']) {
    await writeFile(join(folder, 'a.zip.json'), wrong);
    expect(await createLocalStorage(folder).readSidecar('a.zip')).toBeNull();
  }
});

test('a sidecar left without its archive is not taken over by the next archive of that name', async () => {
  const folder = await freshFolder();
  await writeFile(join(folder, 'a.zip.json'), '{"digest":"old","kind":"full","pinned":true}');
  await put(folder, 'a.zip');
  expect(await createLocalStorage(folder).readSidecar('a.zip')).toBeNull();
});

test('sweep() removes what a killed process left unfinished, and nothing else', async () => {
  const folder = await freshFolder();
  const killed = script(
    folder,
    `const pending = await storage.create('a.zip'); await pending.write(Buffer.alloc(1000)); process.kill(process.pid, 'SIGKILL'); await Bun.sleep(10000);`,
  );
  expect(killed.signal).toBe('SIGKILL');
  const [left] = await shownIn(folder);
  expect(left).toMatch(/^\.a\.zip\..+\.part$/);
  await using own = await createLocalStorage(folder).create('b.zip');
  await writeFile(join(folder, '.c.zip.othermachine-1-1-0.part'), '');
  await writeFile(join(folder, '.foreign.part'), '');
  const storage = createLocalStorage(folder);
  expect(await storage.list()).toEqual([]);
  expect(await storage.sweep()).toEqual([String(left)]);
  await own.commit();
  expect(await shownIn(folder)).toEqual(['.c.zip.othermachine-1-1-0.part', '.foreign.part', 'b.zip']);
});

test('sweep() knows a process that took over the number of a dead one', async () => {
  const folder = await freshFolder();
  await using pending = await createLocalStorage(folder).create('a.zip');
  const [own] = await shownIn(folder);
  // The same machine and process number, but an earlier start.
  const earlier = String(own).replace(/-(\d+)-\d+-(\d+)\.part$/, '-$1-1-$2.part');
  await writeFile(join(folder, earlier), '');
  expect(await createLocalStorage(folder).sweep()).toEqual([earlier]);
  await pending.abort();
});

test('promise 3: a process killed between any two steps of commit() leaves the whole archive or none', async () => {
  const folder = await freshFolder();
  const size = 200_000;
  for (let round = 0; round < 12; round++) {
    script(
      folder,
      `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${round}); for (let n = 0; ; n++) {
      const pending = await storage.create('r${round}-' + n + '.zip'); await pending.write(Buffer.alloc(${size}, 7)); await pending.commit(); }`,
    );
  }
  const storage = createLocalStorage(folder);
  for (const object of await storage.list()) {
    expect(object.size).toBe(size);
    expect((await readFile(join(folder, object.name))).every((byte) => byte === 7)).toBe(true);
  }
  await storage.sweep();
  expect((await shownIn(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a full disk is DISK_FULL, says what was written and what is free, and leaves nothing behind', async () => {
  const folder = await freshFolder();
  const body = `const { readdir } = await import('node:fs/promises'); let error;
    try { await using pending = await storage.create('a.zip'); for (let n = 0; n < 200; n++) await pending.write(Buffer.alloc(65536)); await pending.commit(); } catch (caught) { error = caught; }
    console.log(JSON.stringify({ code: error?.code, details: error?.details, left: await readdir(storage.label) }));`;
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  // Without the right to mount, a file size limit stands in for the full disk.
  const { out } = script(folder, body, mounted ? '' : "trap '' XFSZ; ulimit -f 1024;");
  if (mounted) spawnSync('umount', [folder]);
  const { code, details, left } = JSON.parse(out);
  expect({ code, left }).toEqual({ code: 'DISK_FULL', left: [] });
  expect(details.written).toBeGreaterThan(0);
  expect(details.free).toBeGreaterThanOrEqual(0);
});

test('promise 13: notes beside an archive that are far larger or deeper than any count as none', async () => {
  const folder = await freshFolder();
  await put(folder, 'a.zip');
  const notes = (more: string) => `{"digest":"d","kind":"full","pinned":true${more}}`;
  const written = async (text: string) => {
    await writeFile(join(folder, 'a.zip.json'), text);
    return await createLocalStorage(folder).readSidecar('a.zip');
  };
  expect(await written(notes(''))).toMatchObject({ pinned: true });
  expect(await written(notes(`,"note":"${'x'.repeat(200_000)}"`))).toBeNull();
  expect(await written(notes(`,"more":[${'{},'.repeat(20_000)}{}]`))).toBeNull();
  expect(await written(notes(`,"more":${'['.repeat(50_000)}`))).toBeNull();
  {
    // Its length alone tells: nothing of it is read.
    await using probe = await open(join(folder, 'a.zip.json'), 'r');
    using reading = spyOn(Object.getPrototypeOf(probe) as typeof probe, 'readFile');
    expect(await written(notes(' '.repeat(200_000)))).toBeNull();
    expect(reading).not.toHaveBeenCalled();
    expect(await written(notes(''))).not.toBeNull();
    expect(reading).toHaveBeenCalledTimes(1);
  }
  expect(spawnSync('mkfifo', [join(folder, 'b.zip.json')]).status).toBe(0);
  expect(await createLocalStorage(folder).readSidecar('b.zip')).toBeNull();
});

test('promise 3: a folder that was lost is refused in all that lists or writes, and known again when it is back', async () => {
  const folder = join(await freshFolder(), 'mounted');
  const aside = `${folder}-aside`;
  const storage = createLocalStorage(folder);
  // Nothing remains of an aborted attempt, folders made for it included.
  await (await storage.create('tried.zip')).abort();
  const deep = await createLocalStorage(join(folder, 'a', 'b')).create('tried.zip');
  await deep.abort();
  expect(await lstat(folder).catch(() => 'missing')).toBe('missing');
  await put(folder, 'a.zip');
  expect((await readdir(folder)).sort()).toEqual([MARKER, 'a.zip']);
  expect((await storage.list()).length).toBe(1);
  const codes = (one: Storage) =>
    Promise.all([one.list(), one.listDocuments(), one.create('b.zip'), one.demandPresent()].map(codeOf));
  const lost = ['STORAGE_LOST', 'STORAGE_LOST', 'STORAGE_LOST', 'STORAGE_LOST'];
  // A later process knows the folder only from the database's record.
  const later = () => createLocalStorage(folder, async () => ['older.zip', 'a.zip']);

  await rename(folder, aside);
  expect([await codes(storage), await codes(later())]).toEqual([lost, lost]);
  expect(await lstat(folder).catch(() => 'missing')).toBe('missing');
  // The mount point of a volume, with a file somebody left in it.
  await mkdir(folder);
  await writeFile(join(folder, 'other.zip'), '');
  expect([await codes(storage), await codes(later())]).toEqual([lost, lost]);
  expect(await createLocalStorage(folder).list()).toHaveLength(1);
  await rm(folder, { recursive: true });
  await rename(aside, folder);
  expect((await storage.list()).map(({ name }) => name)).toEqual(['a.zip']);
  expect((await later().list()).map(({ name }) => name)).toEqual(['a.zip']);

  // A folder older than markers is recognised by its files, and gets a marker with the next object.
  await unlink(join(folder, MARKER));
  await using object = await later().create('c.zip');
  await object.commit();
  expect((await readdir(folder)).sort()).toEqual([MARKER, 'a.zip', 'c.zip']);
});

test('a folder that is a file is STORAGE_UNAVAILABLE', async () => {
  const file = join(await freshFolder(), 'file');
  await writeFile(file, '');
  const storage = createLocalStorage(file);
  expect(await codeOf(storage.create('a.zip'))).toBe('STORAGE_UNAVAILABLE');
  expect(await codeOf(storage.list())).toBe('STORAGE_UNAVAILABLE');
});

test('a folder that may not be written is STORAGE_UNAVAILABLE with the right that is missing', async () => {
  const folder = await freshFolder();
  await chmod(root, 0o755);
  await chmod(folder, 0o555);
  // The superuser may write anywhere, so another user makes the attempt.
  const body = `if (process.getuid?.() === 0) process.setuid?.(65534); const error = await storage.create('a.zip').catch((caught) => caught); console.log(JSON.stringify([error.code, error.hint]));`;
  expect(JSON.parse(script(folder, body).out)).toEqual([
    'STORAGE_UNAVAILABLE',
    expect.stringContaining('Give the user'),
  ]);
});

test('openFile() opens a file by any path, follows links, and refuses what is no file', async () => {
  const folder = await freshFolder();
  await put(folder, 'a.zip', 'content');
  await symlink('a.zip', join(folder, 'link'));
  await using source = await openFile(join(folder, 'link'));
  expect(new TextDecoder().decode(await source.read(0, source.size))).toBe('content');
  expect(await codeOf(openFile(folder))).toBe('NOT_FOUND');
  expect(await codeOf(openFile(join(folder, 'none')))).toBe('NOT_FOUND');
  expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
  expect(await codeOf(openFile(join(folder, 'pipe')))).toBe('NOT_FOUND');
});

test('read() says ARCHIVE_DAMAGED when the file shrank after it was opened', async () => {
  const folder = await freshFolder();
  await put(folder, 'a.zip', '0123456789');
  await using source = await openFile(join(folder, 'a.zip'));
  await writeFile(join(folder, 'a.zip'), '0123');
  expect(await codeOf(source.read(2, 8))).toBe('ARCHIVE_DAMAGED');
});
