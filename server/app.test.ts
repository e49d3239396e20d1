import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { type AppParts, createApp } from './app.ts';
import { AppError } from './errors.ts';
import type { Overview } from './overview.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const overview: Overview = {
  database: {
    url: 'postgres://db/hrms',
    state: {
      version: '18.4',
      tables: [
        { name: 'public.staff', rows: { count: 1234, exact: true } },
        { name: 'public.loans', rows: { count: 5_000_000, exact: false } },
        { name: 'public.<b>odd</b>', rows: null },
      ],
    },
  },
  storage: {
    label: '/srv/backups',
    state: { backups: [{ name: 'one.zip', size: 2_500_000, createdAt: NOW }], totalSize: 2_500_000 },
  },
};

function appWith(parts: Partial<AppParts> = {}) {
  const logged: string[] = [];
  const app = createApp({
    version: '1.2.3',
    askDatabase: async () => {},
    readOverview: async () => overview,
    stopping: () => false,
    now: () => NOW,
    log: (line) => logged.push(line),
    ...parts,
  });
  return { get: (path: string) => app.request(path), logged };
}

describe('createApp()', () => {
  test('answers /healthz whatever the database does', async () => {
    const { get } = appWith({ askDatabase: () => Promise.reject(new AppError('DATABASE_UNREACHABLE', 'gone')) });
    expect((await get('/healthz')).status).toBe(200);
  });

  test('answers /readyz only while the database answers and the server goes on', async () => {
    expect((await appWith().get('/readyz')).status).toBe(200);
    const lost = await appWith({ askDatabase: () => Promise.reject(new AppError('DATABASE_UNREACHABLE', 'gone')) }).get(
      '/readyz',
    );
    expect(lost.status).toBe(503);
    expect(await lost.json()).toMatchObject({ success: false, error: { code: 'DATABASE_UNREACHABLE' } });
    expect((await appWith({ stopping: () => true }).get('/readyz')).status).toBe(503);
  });

  test('gives what is not there in the shape of every failure', async () => {
    const answer = await appWith().get('/nowhere');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      success: false,
      error: {
        code: 'NOT_FOUND',
        message: 'There is nothing at GET /nowhere.',
        hint: expect.any(String),
        timestamp: NOW.toISOString(),
      },
      timestamp: NOW.toISOString(),
    });
  });

  test('tells nothing of an error nobody foresaw, to the client or in the log', async () => {
    const { get, logged } = appWith({ readOverview: () => Promise.reject(new Error('password is hunter2')) });
    const answer = await get('/');
    const body = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(body).error.code).toBe('UNEXPECTED');
    expect(body + logged.join()).not.toContain('hunter2');
  });

  test('shows on the front page what is connected and stored, and escapes it', async () => {
    const page = await (await appWith().get('/')).text();
    for (const part of [
      'postgres://db/hrms',
      'PostgreSQL 18.4',
      '2 of 3 tables',
      '1,234',
      'about 5,000,000',
      'one.zip',
      '2.4 MiB',
    ]) {
      expect(page).toContain(part);
    }
    expect(page).toContain('public.&lt;b&gt;odd&lt;/b&gt;');
    expect(page).not.toContain('<b>');
  });

  test('shows on the front page why database or storage cannot be asked', async () => {
    const broken: Overview = {
      database: {
        url: 'postgres://db/hrms',
        state: new AppError('DATABASE_UNREACHABLE', 'It is gone.', { hint: 'Start it.' }),
      },
      storage: { label: '/srv/backups', state: new AppError('STORAGE_UNAVAILABLE', 'No such disk.') },
    };
    const page = await (await appWith({ readOverview: async () => broken }).get('/')).text();
    for (const part of ['It is gone.', 'Start it.', 'No such disk.']) expect(page).toContain(part);
  });

  test('lets a page load nothing and run nothing but its own style', async () => {
    const answer = await appWith().get('/');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const style = /<style>([\s\S]*?)<\/style>/.exec(await answer.text())?.[1] ?? '';
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    const missing = await appWith().get('/nowhere');
    expect(missing.headers.get('content-security-policy')).toBe(policy);
    expect(missing.headers.get('cache-control')).toBe('no-store');
  });
});
