import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { connected } from '../../db/testing/client.fixture.ts';
import { verifyArchive } from '../../server/backup/verify.ts';
import { bytesSource } from '../../server/storage/memory.ts';
import { setBreakpoint } from '../../server/testing/faults.fixture.ts';
import { STEPS } from '../../server/testing/library.fixture.ts';
import type { TestLibrary } from '../../server/testing/test-library.fixture.ts';
import type { CommandFolder } from '../command/command-folder.fixture.ts';
import { LIBRARY_SCHEMA, libraryFolder } from '../command/filled-folders.fixture.ts';

/** State for `kill -9` of the commands, after which nothing of ours cleans up. */
let fixture: Awaited<ReturnType<typeof libraryFolder>>;
let library: TestLibrary;
let folder: CommandFolder;

beforeAll(async () => {
  fixture = await libraryFolder({ lendings: 20_000 });
  ({ library, folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

const restoring = (way = 'rewrite') => folder.start('restore', ['./library.zip', '--yes', '--verbose', '--apply', way]);
const backingUp = () => folder.start('backup', [], LIBRARY_SCHEMA);

describe('a backup that is killed', () => {
  for (const line of ['copying', 'finishing', 'verifying']) {
    test(`while it is ${line} leaves nothing the next one does not sweep`, async () => {
      const backup = backingUp();
      await backup.says(line);
      backup.signal('SIGKILL');
      await backup.finished;
      await expectSoundAfterNext();
    });
  }

  test('while it waits for a locked table leaves nothing the next one does not sweep', async () => {
    const holder = await connected(library.database.url);
    await holder.query('BEGIN; LOCK TABLE books');
    const backup = backingUp();
    await backup.says('preparing');
    await Bun.sleep(100);
    backup.signal('SIGKILL');
    await backup.finished;
    await holder.end();
    await expectSoundAfterNext();
  });
});

/** The steps with a breakpoint that each way takes. */
const STEPS_OF = { rewrite: STEPS, rows: ['stage', 'sequences', 'indexes', 'record'] } as const;
const KILLED = Object.entries(STEPS_OF).flatMap(([way, steps]) => steps.map((step) => ({ way, step })));

describe('a restore that is killed', () => {
  for (const { way, step } of KILLED) {
    test(`at the step "${step}" of the way ${way} changed nothing, and the next one sweeps and goes through at once`, async () => {
      const breakpoint = await setBreakpoint(library.database, step);
      const restore = restoring(way);
      await breakpoint.reached();
      restore.signal('SIGKILL');
      await restore.finished;
      await breakpoint.resume();
      await expectWhole('changed');
    });
  }

  test('while it waits for the tables changed nothing, and the next one goes through', async () => {
    const reader = await connected(library.database.url);
    await reader.query('BEGIN; SELECT * FROM books');
    const restore = restoring();
    await restore.says('waiting for the tables');
    restore.signal('SIGKILL');
    await restore.finished;
    await reader.end();
    await expectWhole('changed');
  });

  for (const way of ['rewrite', 'rows'])
    for (const line of ['opening', 'committing', 'analyzing']) {
      test(`by the way ${way} while it is ${line} is wholly done or not at all, as its record says`, async () => {
        const restore = restoring(way);
        await restore.says(line);
        restore.signal('SIGKILL');
        await restore.finished;
        await expectWhole(line === 'opening' ? 'changed' : 'either');
      });
    }
});

test('promise 5: whenever commands are killed, tables are wholly old or wholly new, as the record says, and no archive is half made', async () => {
  const random = randomFrom(20261123);
  for (let round = 0; round < campaign(4, 20); round++) {
    const before = (await library.records()).length;
    const command = round % 4 === 3 ? backingUp() : restoring(round % 2 === 0 ? 'rewrite' : 'rows');
    await Bun.sleep(150 + random() * 450);
    command.signal('SIGKILL');
    await command.finished;
    await settled();
    // A command killed early has no record, and the last one is of another round.
    const [state, record] = [await library.state(), (await library.records()).slice(before).at(-1)];
    expect([library.archived, library.changed]).toContain(state);
    if (record === 'restore succeeded' && round % 4 !== 3) expect(state).toBe(library.archived);
    if (record === 'restore running') expect(state).toBe(library.changed);
    if (state === library.archived) await library.change();
  }
  await expectSoundAfterNext();
  await expectWhole('changed');
}, 120_000);

/** Expects, after the next backup, no temporary, no lock, and every archive whole. */
async function expectSoundAfterNext(): Promise<void> {
  const next = await backingUp().finished;
  expect([next.code, next.stderr]).toEqual([0, expect.any(String)]);
  const files = await folder.files();
  expect(files.filter((name) => !/\.zip(\.json)?$/.test(name))).toEqual([]);
  for (const name of files.filter((file) => file.endsWith('.zip'))) {
    const source = bytesSource(await readFile(join(folder.backups, name)));
    const { ok } = await verifyArchive(source, { signal: new AbortController().signal, onProgress: () => undefined });
    expect([name, ok]).toEqual([name, true]);
  }
  expect(await library.leftovers()).toEqual([]);
  expect(await library.state()).toBe(library.changed);
}

/**
 * Expects the killed restore to have done all or nothing, as its record says. The next one corrects the record, leaves nothing behind, and
 * does all.
 */
async function expectWhole(expected: 'changed' | 'either'): Promise<void> {
  if (expected === 'either') await settled();
  const state = await library.state();
  const [record] = (await library.records()).slice(-1);
  if (expected === 'changed') expect(state).toBe(library.changed);
  else
    expect([state, record]).toEqual(
      state === library.archived ? [library.archived, 'restore succeeded'] : [library.changed, 'restore running'],
    );

  const next = await restoring().finished;
  expect([next.code, next.stderr]).toEqual([0, expect.any(String)]);
  expect(await library.state()).toBe(library.archived);
  expect(await library.leftovers()).toEqual([]);
  await library.change();
  expect(await library.state()).toBe(library.changed);
}

/** Waits until the server has noticed that the client is gone. */
async function settled(): Promise<void> {
  const ours = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup%'`;
  while ((await library.database.admin(ours)).length > 0) await Bun.sleep(10);
}

/** Returns a generator of numbers from 0 to 1, the same in every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
