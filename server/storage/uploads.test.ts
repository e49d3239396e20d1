import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { createUploadArea, UPLOAD_KEPT_MS, type UploadArea } from './uploads.ts';

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const OTHER = '6f9619ff-8b86-4d01-b42d-00cf4fc964fe';
/** A process number that never exists: it is above the largest one Linux gives. */
const DEAD = 4_194_305;
let folder: string;
let area: UploadArea;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'palace-uploads-')), '.uploads');
  area = createUploadArea(folder);
});
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true });
});

const names = async () => (await readdir(folder)).sort();
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
/** Assigns a file of ours to a dead process. */
async function orphan(): Promise<void> {
  for (const name of await names()) {
    const other = name.replace(/-\d+-(\d+)-(\d+)[.]part$/, `-${DEAD}-$1-$2.part`);
    if (other !== name) await rename(join(folder, name), join(folder, other));
  }
}

test('a received file has its name only once it is complete, and nobody else may read it', async () => {
  const file = await area.receive(ID);
  await file.write(Buffer.from('abc'));
  expect(await codeOf(area.open(ID))).toBe('NOT_FOUND');
  expect(await area.present()).toEqual(new Map([[ID, 'partial']]));
  await file.commit();
  expect(await names()).toEqual([ID]);
  expect([await mode(folder), await mode(join(folder, ID))]).toEqual(['700', '600']);
  await using source = await area.open(ID);
  expect(Buffer.from(await source.read(0, 3)).toString()).toBe('abc');
});

test('an aborted file leaves nothing', async () => {
  const file = await area.receive(ID);
  await file.write(Buffer.from('abc'));
  await file.abort();
  expect(await names()).toEqual([]);
});

test('a claimed file is one caller’s alone, and comes back unless it is removed', async () => {
  await area.make(ID);
  {
    await using claimed = await area.claim(ID);
    expect(claimed.source.size).toBe(0);
    expect(await codeOf(area.claim(ID))).toBe('NOT_FOUND');
    expect(await area.present()).toEqual(new Map([[ID, 'claimed']]));
  }
  expect(await names()).toEqual([ID]);
  {
    await using claimed = await area.claim(ID);
    await claimed.remove();
  }
  expect(await names()).toEqual([]);
});

test('only ids are names', async () => {
  for (const name of ['../secret', '.', '', 'x', `${ID}/..`, ID.toUpperCase(), `${ID}\n`]) {
    expect([name, await codeOf(area.open(name)), await codeOf(area.make(name))]).toEqual([
      name,
      'NAME_INVALID',
      'NAME_INVALID',
    ]);
  }
});

test('sweep() removes what dead processes were receiving, gives back what they had claimed, and leaves the living alone', async () => {
  await using half = await area.receive(ID);
  await half.write(Buffer.from('half'));
  await area.make(OTHER);
  await using _claimed = await area.claim(OTHER);
  expect(await area.sweep(new Date())).toEqual([]);
  await orphan();
  expect((await area.sweep(new Date())).length).toBe(1);
  expect(await names()).toEqual([OTHER]);
});

test('sweep() removes what was not touched for a day, and no file that is not an upload', async () => {
  await area.make(ID);
  await area.make(OTHER);
  await Bun.write(join(folder, 'notes.txt'), 'mine');
  const now = new Date();
  const old = new Date(now.getTime() - UPLOAD_KEPT_MS - 1000);
  for (const name of [ID, 'notes.txt']) await utimes(join(folder, name), old, old);
  expect(await area.sweep(now)).toEqual([ID]);
  expect(await names()).toEqual([OTHER, 'notes.txt'].sort());
});

test('an area that is not there yet is empty', async () => {
  expect([await area.present(), await area.sweep(new Date())]).toEqual([new Map(), []]);
});
