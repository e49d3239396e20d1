import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openSession } from '../../../db/connect/session.ts';
import { openArchive } from '../../archive/reader.ts';
import { lockDesk } from '../../postgres/locks/advisory-lock.ts';
import { setBreakpoint } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { BACKUP, openJobs, type TestJobs, watched } from '../test-jobs.fixture.ts';

let library: TestLibrary;
let jobs: TestJobs;
beforeAll(async () => {
  library = await testLibrary({ lendings: 2000 });
  jobs = await openJobs(library);
});
afterAll(async () => {
  await jobs[Symbol.asyncDispose]();
  expect(await library.leftovers()).toEqual([]);
  await library[Symbol.asyncDispose]();
});

describe('without a worker', () => {
  test('request() makes the record and its job in one commit, or neither', async () => {
    const { operation, existing } = await jobs.desk.request(BACKUP, 'maria', 'the panel');
    expect(existing).toBe(false);
    expect(operation).toMatchObject({ kind: 'backup', state: 'queued', actor: 'maria', origin: 'the panel' });
    expect(operation.parameters).toEqual({ compression: 'deflate', strict: false, verify: true, wait: false });
    expect(await jobs.queue.present([operation.id])).toEqual(new Set([operation.id]));
    await jobs.desk.cancel(operation.id, 'maria');

    await library.database.admin(`ALTER TABLE backup_queue.job ADD CONSTRAINT none CHECK (false) NOT VALID`);
    const before = (await jobs.desk.list({ limit: 100 })).operations.length;
    await expect(jobs.desk.request(BACKUP, 'maria', 'the panel')).rejects.toMatchObject({ code: 'DATABASE_ERROR' });
    expect((await jobs.desk.list({ limit: 100 })).operations.length).toBe(before);
    await library.database.admin(`ALTER TABLE backup_queue.job DROP CONSTRAINT none`);
  });

  test('request() is refused, and does not hang, while another request is stuck', async () => {
    const stuck = { applicationName: 'stuck', signal: new AbortController().signal };
    await using session = await openSession(library.database.url, stuck);
    await session.query('BEGIN');
    await lockDesk(session);
    await expect(jobs.desk.request(BACKUP, 'maria', 'the panel')).rejects.toMatchObject({ code: 'TABLE_BUSY' });
  });

  test('cancel() ends a queued operation at once, and it is never begun', async () => {
    const { operation } = await jobs.desk.request(BACKUP, 'maria', 'the panel');
    const cancelled = await jobs.desk.cancel(operation.id, 'paul');
    expect(cancelled).toMatchObject({ state: 'cancelled', startedAt: null, error: { code: 'CANCELLED' } });
    expect(cancelled.error?.message).toContain('paul');
    expect(await jobs.queue.present([operation.id])).toEqual(new Set());
    expect(await jobs.desk.cancel(operation.id, 'another')).toEqual(cancelled);
  });

  test('the same key of the same actor gives the same operation, and refuses another request', async () => {
    const ask = (input: Parameters<TestJobs['desk']['request']>[0], actor = 'maria') =>
      jobs.desk.request(input, actor, 'a service', 'nightly-2026-11-23');
    const first = await ask(BACKUP);
    const again = await Promise.all([ask(BACKUP), ask({ ...BACKUP, wait: true }), ask(BACKUP)]);
    expect(again.map(({ existing, operation }) => [existing, operation.id])).toEqual(
      Array.from({ length: 3 }, () => [true, first.operation.id]),
    );
    await expect(ask({ ...BACKUP, compression: 'zstd' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect((await ask(BACKUP, 'paul')).existing).toBe(false);
    for (const { id } of (await jobs.desk.list({ states: ['queued'], limit: 100 })).operations)
      await jobs.desk.cancel(id, 'a test');
  });

  test('requests under one key that arrive together make one operation', async () => {
    const asked = await Promise.all(
      Array.from({ length: 5 }, () => jobs.desk.request(BACKUP, 'maria', 'a service', 'together')),
    );
    expect(new Set(asked.map(({ operation }) => operation.id)).size).toBe(1);
    expect(asked.filter(({ existing }) => !existing).length).toBe(1);
    for (const { operation } of asked) await jobs.desk.cancel(operation.id, 'a test');
  });

  test('a restore that will not wait is refused while a backup is in line, and the other way round', async () => {
    const { operation: backup } = await jobs.desk.request(BACKUP, 'maria', 'here');
    const restore = { kind: 'restore', archive: 'some.zip' } as const;
    const busy = { code: 'OPERATION_IN_PROGRESS', message: expect.stringContaining(`backup ${backup.id}`) };
    await expect(jobs.desk.request({ ...restore, wait: false }, 'maria', 'here')).rejects.toMatchObject(busy);
    const { operation: waiting } = await jobs.desk.request({ ...restore, wait: true }, 'maria', 'here');
    await jobs.desk.cancel(backup.id, 'a test');
    await expect(jobs.desk.request(BACKUP, 'maria', 'here')).rejects.toMatchObject({ code: 'OPERATION_IN_PROGRESS' });
    await jobs.desk.cancel(waiting.id, 'a test');
  });

  test('a request that cannot be meant is refused with the path of what is wrong', async () => {
    const asked = jobs.desk.request({ ...BACKUP, level: 12 }, 'maria', 'here');
    await expect(asked).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('level') });
  });

  test('list() gives the newest first, page by page, each operation once', async () => {
    const ids: string[] = [];
    let next: string | null = null;
    do {
      const page = await jobs.desk.list({ limit: 2, ...(next && { before: next }) });
      expect(page.operations.length).toBeLessThanOrEqual(2);
      ids.push(...page.operations.map(({ id }) => id));
      next = page.next;
    } while (next);
    const all = (await jobs.desk.list({ limit: 1000 })).operations;
    expect(ids).toEqual(all.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    const times = all.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect((await jobs.desk.list({ kinds: ['restore'], limit: 9 })).operations.map(({ kind }) => kind)).toEqual([
      'restore',
    ]);
  });

  test('an operation that is not there is NOT_FOUND, whatever the id looks like', async () => {
    for (const id of [crypto.randomUUID(), 'x', "'; DROP TABLE x", '']) {
      await expect(jobs.desk.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(jobs.desk.cancel(id, 'a test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(watched(jobs.desk, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('with a worker', () => {
  beforeAll(async () => {
    await jobs.startWorker();
  });

  test('a backup is watched from its request to its success, and the archive is stored, verified, and named in the record', async () => {
    const { operation } = await jobs.desk.request(BACKUP, 'maria', 'the panel');
    const views = await watched(jobs.desk, operation.id);
    const revisions = views.map((view) => view.revision);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(new Set(revisions).size).toBe(revisions.length);
    const end = views.at(-1);
    expect(end).toMatchObject({ state: 'succeeded', error: null, result: { verified: true, backupId: operation.id } });
    expect(end?.archive).toBe(String(end?.result?.['fileName']));
    expect(end?.progress?.stage).toBe('verify');
    expect(end?.startedAt).toBeInstanceOf(Date);
    await using source = await jobs.storage.open(end?.archive ?? '');
    expect((await openArchive(source)).manifest.metadata.createdBy).toBe('maria');
  });

  test('verifying a stored backup notes it beside the archive', async () => {
    const made = await jobs.done({ ...BACKUP, verify: false });
    const archive = made.archive ?? '';
    expect((await jobs.storage.readSidecar(archive))?.lastVerified).toBeNull();
    const verified = await jobs.done({ kind: 'verify', archive, wait: false });
    expect(verified).toMatchObject({ state: 'succeeded', archive, result: { ok: true, warnings: [] } });
    expect((await jobs.storage.readSidecar(archive))?.lastVerified).toEqual(expect.any(String));
  });

  test('verifying a damaged backup fails and names the damage, which is remembered until it is found sound', async () => {
    const bytes = Uint8Array.from(library.archive.bytes);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    const object = await jobs.storage.create('damaged.zip');
    await object.write(bytes);
    await object.commit();
    const verified = await jobs.done({ kind: 'verify', archive: 'damaged.zip', wait: false });
    expect(verified).toMatchObject({ state: 'failed', error: { code: 'ARCHIVE_DAMAGED', details: { places: 1 } } });
    expect(await jobs.storage.readSidecar('damaged.zip')).toMatchObject({
      lastVerified: null,
      foundDamaged: { code: 'ARCHIVE_DAMAGED', message: verified.error?.message },
    });
    // Replaced by a good one of the same name: only reading it clears the damage.
    await jobs.storage.remove('damaged.zip');
    const again = await jobs.storage.create('damaged.zip');
    await again.write(library.archive.bytes);
    await again.commit();
    await using source = await jobs.storage.open('damaged.zip');
    const { digest } = await openArchive(source);
    const damage = { at: new Date(0).toISOString(), code: 'ARCHIVE_DAMAGED', message: 'Another sum.' };
    const notes = { digest, kind: 'full', pinned: true, note: 'mine', lastVerified: null, lastProved: null };
    await jobs.storage.writeSidecar('damaged.zip', { ...notes, foundDamaged: damage });
    const sound = await jobs.done({ kind: 'verify', archive: 'damaged.zip', wait: false });
    expect(sound).toMatchObject({ state: 'succeeded', result: { warnings: [] } });
    const after = await jobs.storage.readSidecar('damaged.zip');
    expect(after).toEqual({ ...notes, lastVerified: expect.any(String) });
    await jobs.storage.remove('damaged.zip');
  });

  test('a restore brings the data back, and its record says so', async () => {
    const made = await jobs.done(BACKUP);
    const then = await library.state();
    await library.change();
    const restored = await jobs.done({ kind: 'restore', archive: made.archive ?? '', apply: 'rewrite', wait: false });
    expect(restored).toMatchObject({ state: 'succeeded', archive: made.archive, error: null });
    expect(Object.keys(restored.progress?.tables ?? {}).sort()).toEqual([
      'public.books',
      'public.lendings',
      'public.readers',
    ]);
    expect(await library.state()).toBe(then);
  });

  test('a restore that fails is not tried again', async () => {
    const failed = await jobs.done({ kind: 'restore', archive: 'no-such-backup.zip', wait: false });
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND' }, result: null });
    while ((await jobs.queue.present([failed.id])).size > 0) await Bun.sleep(5);
    const queued = await library.database.admin<{ state: string; retry_limit: number }>(
      `SELECT state::text, retry_limit FROM backup_queue.job WHERE id = '${failed.id}'`,
    );
    expect(queued).toEqual([{ state: 'completed', retry_limit: 0 }]);
    expect((await jobs.desk.get(failed.id)).revision).toBe(failed.revision);
  });

  test('while a restore runs, a backup is refused naming it; one that waits begins after it', async () => {
    const made = await jobs.done(BACKUP);
    await using breakpoint = await setBreakpoint(library.database, 'apply');
    const { operation: restore } = await jobs.desk.request(
      { kind: 'restore', archive: made.archive ?? '', apply: 'rewrite', wait: false },
      'maria',
      'here',
    );
    await breakpoint.reached();
    await expect(jobs.desk.request(BACKUP, 'maria', 'here')).rejects.toMatchObject({
      code: 'OPERATION_IN_PROGRESS',
      message: expect.stringContaining(`restore ${restore.id}`),
    });
    const { operation: backup } = await jobs.desk.request({ ...BACKUP, wait: true }, 'maria', 'here');
    const taken = () => jobs.logged.some(({ facts }) => 'operationId' in facts && facts.operationId === backup.id);
    while (!taken()) await Bun.sleep(5);
    expect((await jobs.desk.get(backup.id)).state).toBe('queued');
    await breakpoint.resume();
    const [restored, backedUp] = [await jobs.ended(restore.id), await jobs.ended(backup.id)];
    expect([restored.state, backedUp.state]).toEqual(['succeeded', 'succeeded']);
    expect(backedUp.startedAt?.getTime()).toBeGreaterThanOrEqual(restored.finishedAt?.getTime() ?? Infinity);
  });

  test('an operation that waits for the gate can be cancelled, and the gate opens for others', async () => {
    const made = await jobs.done(BACKUP);
    await using breakpoint = await setBreakpoint(library.database, 'apply');
    const request = { kind: 'restore', archive: made.archive ?? '', apply: 'rewrite', wait: true } as const;
    const { operation: running } = await jobs.desk.request(request, 'maria', 'here');
    await breakpoint.reached();
    const { operation: waiting } = await jobs.desk.request(request, 'maria', 'here');
    expect(await jobs.desk.cancel(waiting.id, 'paul')).toMatchObject({ state: 'cancelled' });
    await breakpoint.resume();
    expect((await jobs.ended(running.id)).state).toBe('succeeded');
    expect(await jobs.done(BACKUP)).toMatchObject({ state: 'succeeded' });
  });
});
