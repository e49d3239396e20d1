import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type Workplace, workplace } from '../../scripts/command/command.fixture.ts';
import { closeGate } from '../testing/hold.fixture.ts';
import { libraryScene, type Scene } from '../testing/scene.fixture.ts';
import { BACKUP, type Crew, crewOn } from './crew.fixture.ts';

/** One database whose gate and records the command line shares with the server. */
let scene: Scene;
let crew: Crew;
let place: Workplace;
beforeAll(async () => {
  scene = await libraryScene({ lendings: 5000 });
  crew = await crewOn(scene);
  await crew.hire();
  place = await workplace(scene.database.url);
  await Bun.write(join(place.dir, 'library.zip'), scene.archive.bytes);
});
afterAll(async () => {
  await crew[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

test('a restore from the command line is seen moving at the desk, keeps backups out, and can be cancelled from there', async () => {
  await using gate = await closeGate(scene.database, 'apply');
  const restore = place.start('restore', ['./library.zip', '--yes']);
  await gate.reached();
  const [running] = (await crew.desk.list({ states: ['running'], limit: 5 })).operations;
  expect(running).toMatchObject({ kind: 'restore', actor: expect.stringContaining('(command line)') });
  const id = running?.id ?? '';
  await crew.until(id, (view) => view.progress?.stage === 'apply');
  await expect(crew.desk.request(BACKUP, 'maria', 'here')).rejects.toMatchObject({ code: 'OPERATION_IN_PROGRESS' });

  await crew.desk.cancel(id, 'paul');
  const { code, stderr } = await restore.finished;
  expect([code, stderr]).toEqual([130, expect.stringContaining('cancelled by paul')]);
  expect((await crew.desk.get(id)).state).toBe('cancelled');
  await gate.open();
  expect(await scene.state()).toBe(scene.changed);
});

test('a backup from the command line names its archive in its record', async () => {
  const backup = await place.run('backup', ['--name', 'by-hand'], {
    BACKUP_SCHEMA: join(import.meta.dir, '../testing/library.fixture.ts'),
  });
  expect([backup.code, backup.stderr]).toEqual([0, expect.any(String)]);
  const [record] = (await crew.desk.list({ kinds: ['backup'], limit: 1 })).operations;
  expect(record).toMatchObject({ state: 'succeeded', archive: 'by-hand.zip' });
});

test('a backup of the server keeps a restore of the command line out', async () => {
  const holder = `BEGIN; LOCK TABLE books IN ACCESS EXCLUSIVE MODE`;
  await scene.database.query(holder);
  const { operation } = await crew.desk.request(BACKUP, 'maria', 'here');
  await crew.until(operation.id, (view) => view.state === 'running');
  const restore = await place.run('restore', ['./library.zip', '--yes']);
  expect([restore.code, restore.stderr]).toEqual([6, expect.stringContaining(`backup ${operation.id}`)]);
  await scene.database.query('ROLLBACK');
  expect((await crew.ended(operation.id)).state).toBe('succeeded');
});
