import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { memoryLog } from '../../http/app.fixture.ts';
import { openLogs } from './logs.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const parsed = (lines: string[]) => lines.map((line) => JSON.parse(line));

describe('the log', () => {
  test('says time, level, facts and message in one line of JSON each', () => {
    const { log, lines } = memoryLog();
    log.child({ requestId: 'r1' }).warn({ port: 3000 }, 'something\nhappened');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toEndWith('\n');
    const [said] = parsed(lines);
    expect(said).toMatchObject({ level: 'warn', requestId: 'r1', port: 3000, msg: 'something\nhappened' });
    expect(new Date(said.time).toISOString()).toBe(said.time);
  });

  test('tells of an error of ours what it says, and of any other only where it came from', () => {
    const { log, lines } = memoryLog();
    const inner = Object.assign(new TypeError('row: anna, hunter2'), { code: '22P02' });
    log.error({ error: new AppError('DATABASE_ERROR', 'It failed.', { cause: inner, details: { table: 'x' } }) }, 'a');
    log.error({ err: 'hunter2' }, 'b');
    log.error({ err: { ...inner, message: inner.message } }, 'c');
    const [said, , spread] = parsed(lines);
    expect(spread.err).toEqual({ kind: 'object', code: '22P02' });
    expect(said.error).toMatchObject({
      code: 'DATABASE_ERROR',
      message: 'It failed.',
      details: { table: 'x' },
      cause: { kind: 'TypeError', code: '22P02', at: expect.arrayContaining([expect.stringContaining('logs.test')]) },
    });
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('lets no secret through, in facts, in the message, or in what a child always says', () => {
    const { log, lines } = memoryLog();
    const child = log.child({ url: 'postgres://anna:hunter2@db/hrms' });
    child.info({ headers: { cookie: 'session=hunter2' } }, 'connected to postgres://anna:hunter2@db/hrms');
    expect(parsed(lines)).toHaveLength(1);
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('loses what is said after it was closed, without an error', async () => {
    const { log, lines, close } = memoryLog();
    await close();
    await close();
    log.info({}, 'late');
    expect(lines).toEqual([]);
  });
});

describe('openLogs() to a file', () => {
  test('makes the folder, opens a file of the day for the owner alone, and has written all when it is closed', async () => {
    const { log, close } = await openLogs({ level: 'info', file: join(folder, 'new/palace.log') });
    for (let n = 0; n < 1000; n += 1) log.info({ n }, 'line');
    log.debug({}, 'not said');
    await close();
    const [name, ...more] = await readdir(join(folder, 'new'));
    expect(more).toEqual([]);
    expect(name).toMatch(/^palace\.\d{4}-\d\d-\d\d\.1\.log$/);
    const path = join(folder, 'new', name ?? '');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'new'))).mode & 0o777).toBe(0o700);
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  test('begins a new file after 20 MB, for the owner alone, and goes on in the day’s last one when it is opened again', async () => {
    const file = join(folder, 'big/palace.log');
    const { log, close } = await openLogs({ level: 'info', file });
    const filler = 'x'.repeat(100_000);
    for (let n = 0; n < 215; n += 1) {
      log.info({ filler }, 'big');
      // The file is rolled between two writes, which must get the time to happen.
      if (n % 20 === 0) await new Promise(setImmediate);
    }
    const found = async () => (await readdir(join(folder, 'big'))).sort();
    while ((await found()).length < 2) await new Promise(setImmediate);
    log.info({}, 'after');
    await close();
    const names = await found();
    expect(names).toEqual([expect.stringMatching(/\.1\.log$/), expect.stringMatching(/\.2\.log$/)]);
    for (const name of names) expect((await stat(join(folder, 'big', name))).mode & 0o777).toBe(0o600);
    const again = await openLogs({ level: 'info', file });
    again.log.info({}, 'again');
    await again.close();
    expect(await found()).toEqual(names);
    expect(await readFile(join(folder, 'big', names[1] ?? ''), 'utf8')).toContain('again');
  });

  test('keeps the fourteen newest files, those of earlier runs counted, and touches no other', async () => {
    const kept = join(folder, 'kept');
    await mkdir(kept);
    const earlier = Array.from({ length: 20 }, (_, n) => `palace.2020-01-${String(n + 1).padStart(2, '0')}.1.log`);
    for (const name of [...earlier, 'other.1.log', 'palace.txt']) await writeFile(join(kept, name), 'x');
    const { log, close } = await openLogs({ level: 'info', file: join(kept, 'palace.log') });
    const filler = 'x'.repeat(1_000_000);
    const ours = async () => (await readdir(kept)).filter((name) => /^palace\..*\.log$/.test(name)).sort();
    while ((await ours()).length > 14) {
      log.info({ filler }, 'big');
      await new Promise(setImmediate);
    }
    await close();
    const names = await ours();
    const old = names.filter((name) => name.startsWith('palace.2020'));
    expect(names.length).toBeLessThanOrEqual(14);
    expect(old.length).toBeGreaterThan(8);
    expect(old).toEqual(earlier.slice(-old.length));
    expect(await readdir(kept)).toEqual(expect.arrayContaining(['other.1.log', 'palace.txt']));
  });

  test('refuses a place that cannot be written, and names the setting', async () => {
    await writeFile(join(folder, 'plain'), '');
    await mkdir(join(folder, 'taken'), { recursive: true });
    const file = join(folder, 'plain/under/palace.log');
    const refused = openLogs({ level: 'info', file });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('LOG_FILE'),
    });
    const odd = openLogs({ level: 'info', file: join(folder, 'a?b.log') });
    await expect(odd).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
