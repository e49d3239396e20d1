import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Served, serve } from './app.fixture.ts';
import { PANEL_POLICY, readPanel } from './panel.ts';

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5000))});`;
let folder = '';
let served: Served;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'panel-'));
  await mkdir(join(folder, 'assets'));
  await mkdir(join(folder, '.vite'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><div id="root"></div>');
  await writeFile(join(folder, 'theme.js'), 'theme');
  await writeFile(join(folder, 'assets/main-Ab12_-xy.js'), SCRIPT);
  await writeFile(join(folder, '.vite/manifest.json'), '{}');
  await writeFile(join(folder, '.built-from'), 'a digest');
  served = serve({ panel: await readPanel(folder) });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const asBrowser = { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

describe('the built panel', () => {
  test('is the page at every address a browser goes to, never kept, under its own policy', async () => {
    for (const path of ['/', '/backups', '/backups/backup_1.zip', '/operations/7?tab=log']) {
      const answer = await served.ask(path, asBrowser);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('<div id="root">');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toBe(PANEL_POLICY);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(PANEL_POLICY).not.toContain('unsafe');
  });

  test('has files that are kept for ever when their name changes with their content, and asked about otherwise', async () => {
    const hashed = await served.ask('/assets/main-Ab12_-xy.js');
    expect(await hashed.text()).toBe(SCRIPT);
    expect(hashed.headers.get('content-type')).toContain('javascript');
    expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await served.ask('/theme.js')).headers.get('cache-control')).toBe('no-cache');
  });

  test('comes compressed to who can read that, and plain to who cannot', async () => {
    const ask = (encoding: string) =>
      served.ask('/assets/main-Ab12_-xy.js', { headers: { 'Accept-Encoding': encoding }, decompress: false });
    const zipped = await ask('gzip, br');
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.headers.get('vary')).toContain('Accept-Encoding');
    expect(new TextDecoder().decode(Bun.gunzipSync(await zipped.arrayBuffer()))).toBe(SCRIPT);
    const plain = await ask('identity');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(SCRIPT);
  });

  test('is never the answer to a machine: not for the API, not for a file that is not there, not without asking for a page', async () => {
    for (const path of ['/api/nothing', '/.well-known/nothing', '/assets/gone-12345678.js', '/metrics/more', '/.env']) {
      const answer = await served.ask(path, asBrowser);
      expect([path, await answer.text()]).not.toEqual([path, expect.stringContaining('id="root"')]);
    }
    expect(await (await served.ask('/trpc/a', asBrowser)).text()).toBe('/trpc/a');
    expect((await served.ask('/backups')).status).toBe(404);
    expect((await served.ask('/.vite/manifest.json')).status).toBe(404);
    expect((await served.ask('/.built-from')).status).toBe(404);
    expect((await served.ask('/backups', { ...asBrowser, method: 'POST' })).status).toBe(404);
  });

  test('is not there when nothing was built', async () => {
    expect(await readPanel(join(folder, 'nowhere'))).toBeNull();
    expect(await readPanel(join(folder, 'assets'))).toBeNull();
    await using bare = serve({ panel: null });
    expect(await (await bare.ask('/', asBrowser)).text()).toContain('Commands');
  });
});
