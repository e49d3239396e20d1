import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { setBreakpoint, slowStorage } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary();
});
beforeEach(() => library.change());
afterAll(() => library[Symbol.asyncDispose]());

const memory = () => createMemoryStorage(() => new Date());

describe('runOperation()', () => {
  for (const step of ['stage', 'apply'] as const) {
    test(`refuses a restore and a backup while a restore is at the step "${step}", naming it`, async () => {
      await using breakpoint = await setBreakpoint(library.database, step);
      const first = library.restore();
      await breakpoint.reached();
      const [running] = await library.database.admin<{ id: string }>(
        `SELECT id FROM backup_system.operations WHERE state = 'running'`,
      );
      for (const second of [() => library.restore(), () => library.backup(memory())]) {
        const error = await rejection(second());
        expect(error.code).toBe('OPERATION_IN_PROGRESS');
        expect(error.message).toContain(`restore ${running?.id} (pid `);
        expect(error.hint).toContain('--wait');
      }
      await breakpoint.resume();
      await first;
      expect(await library.state()).toBe(library.archived);
    });
  }

  test('lets a restore with --wait go on when the other one is done, and says once what it waits for', async () => {
    await using breakpoint = await setBreakpoint(library.database, 'apply');
    const first = library.restore();
    await breakpoint.reached();
    const said: string[] = [];
    const told = Promise.withResolvers<void>();
    const onWait = (message: string) => {
      said.push(message);
      told.resolve();
    };
    const second = library.restore({ wait: true, onWait });
    await told.promise;
    await breakpoint.resume();
    await Promise.all([first, second]);
    expect(said).toEqual([expect.stringContaining('restore ')]);
    expect(await library.state()).toBe(library.archived);
    expect(await library.leftovers()).toEqual([]);
  });

  test('refuses a restore while a backup copies, naming it, and lets one with --wait go on afterwards', async () => {
    const { storage, reached, resume } = slowStorage(0);
    const backup = library.backup(storage);
    await reached;
    const error = await rejection(library.restore());
    expect([error.code, error.message]).toEqual([
      'OPERATION_IN_PROGRESS',
      expect.stringMatching(/backup [0-9a-f-]{36} \(pid \d+/),
    ]);
    const told = Promise.withResolvers<void>();
    const waiting = library.restore({ wait: true, onWait: () => told.resolve() });
    await told.promise;
    resume();
    expect((await backup).verified).toBe(true);
    await waiting;
    expect(await library.state()).toBe(library.archived);
  });

  test('lets two backups run side by side', async () => {
    const first = slowStorage(0);
    const second = slowStorage(0);
    const backups = [library.backup(first.storage), library.backup(second.storage)];
    await Promise.all([first.reached, second.reached]);
    first.resume();
    second.resume();
    const made = await Promise.all(backups);
    expect(made.map((result) => result.verified)).toEqual([true, true]);
    expect(made[0]?.tables).toEqual(made[1]?.tables ?? {});
    expect(await library.leftovers()).toEqual([]);
  });

  test('stops waiting when it is cancelled', async () => {
    const { storage, reached, resume } = slowStorage(0);
    const backup = library.backup(storage);
    await reached;
    const cancel = new AbortController();
    const waiting = rejection(library.restore({ wait: true, signal: cancel.signal, onWait: () => cancel.abort() }));
    expect((await waiting).code).toBe('CANCELLED');
    resume();
    await backup;
  });
});
