import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { closeGate } from '../../server/testing/hold.fixture.ts';
import { STEPS } from '../../server/testing/library.fixture.ts';
import type { Scene } from '../../server/testing/scene.fixture.ts';
import type { Workplace } from '../command/command.fixture.ts';
import { LIBRARY_SCHEMA, libraryPlace } from '../command/places.fixture.ts';

let ground: Awaited<ReturnType<typeof libraryPlace>>;
let scene: Scene;
let place: Workplace;
beforeAll(async () => {
  ground = await libraryPlace({ lendings: 5000 });
  ({ scene, place } = ground);
});
afterAll(() => ground[Symbol.asyncDispose]());

describe('Ctrl-C during a restore', () => {
  for (const step of STEPS) {
    test(`at the step "${step}": exit code 130, nothing changed, nothing left`, async () => {
      await using gate = await closeGate(scene.database, step);
      const restore = place.start('restore', ['./library.zip', '--yes', '--json']);
      await gate.reached();
      restore.signal('SIGINT');
      const { code, stdout } = await restore.finished;
      expect([code, JSON.parse(stdout).error.code]).toEqual([130, 'CANCELLED']);
      expect(await scene.state()).toBe(scene.changed);
      expect(await scene.leftovers()).toEqual([]);
      expect((await scene.records()).at(-1)).toBe('restore cancelled');
    });
  }

  test('after the commit is too late: exit code 0, and everything is restored', async () => {
    const restore = place.start('restore', ['./library.zip', '--yes']);
    await restore.says('analyzing');
    restore.signal('SIGINT');
    expect((await restore.finished).code).toBe(0);
    expect(await scene.state()).toBe(scene.archived);
    expect((await scene.records()).at(-1)).toBe('restore succeeded');
    await scene.change();
  });
});

test('Ctrl-C while a backup is read back: exit code 130, no archive is left', async () => {
  const backup = place.start('backup', [], LIBRARY_SCHEMA);
  await backup.says('verifying');
  backup.signal('SIGINT');
  const { code } = await backup.finished;
  // The archive is small: it may have been read to its end before the signal came.
  expect([0, 130]).toContain(code);
  expect((await place.files()).length).toBe(code === 0 ? 2 : 0);
  expect(await scene.leftovers()).toEqual([]);
});
