import { afterAll, beforeAll } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { EventSource } from 'eventsource';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { browserIsHere } from '../../scripts/dev/panel/browser.ts';
import { writeManyArchives } from '../../scripts/dev/panel/many-archives.ts';
import { ensurePanel } from '../../scripts/start/build-panel.ts';
import { createBackupClient } from '../../server/client/client.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { readConfig } from '../../server/process/config.ts';
import { type ContextPool, createContextPool } from './context-pool.fixture.ts';

export const EMAIL = 'superadmin@owu.example';
export const PASSWORD = 'Palace-Demo-1';

/** True where no browser can be started. In CI a missing browser is a failure. */
export const WITHOUT_BROWSER = !browserIsHere() && !process.env['CI'];

/** The response of a proxy whose server is gone. */
export const BAD_GATEWAY = { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' };

/** A real server on a database of its own with demo data, the built panel, and a browser. */
export interface PanelServer extends AsyncDisposable {
  url: string;
  database: TestDatabase;
  /** The folder of the server's archives. */
  folder: string;
  /** The number of old backups in it from the beginning. */
  stored: number;
  /** Makes a backup, of all tables unless some are given, stored as `<name>.zip`, and waits for its end. */
  makeBackup(name: string, tables?: string[]): Promise<void>;
  /**
   * Opens a page without a session, with reduced motion unless the options differ. Errors of scripts and policy are kept in `consoleErrors`.
   * Without options the context is reused, so init scripts belong to the page.
   */
  open(options?: BrowserContextOptions): Promise<BrowserSession>;
}

export interface BrowserSession extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  consoleErrors: string[];
  goto(path: string): Promise<void>;
  /** Signs in without the sign-in page, which has tests of its own, and opens a page if one is given. */
  signIn(path?: string): Promise<void>;
  /** Returns the findings of axe-core on the page as it is, one line each. */
  accessibilityFaults(): Promise<string[]>;
  /**
   * Returns the same, and the findings on colours in the dark theme. For a page that is light and chose no theme; nothing else depends on
   * it.
   */
  accessibilityFaultsInBothThemes(): Promise<string[]>;
}

interface PanelServerOptions {
  /** People in the demo data. */
  staff?: number;
  /** Settings of the server. */
  env?: Record<string, string>;
  /** Old backups in its folder from the beginning; by default as many as STORED_BACKUPS says. */
  stored?: number;
}

/** Backups after a year and a half of daily ones. */
export const MANY_STORED = 512;
/** The default number of old backups; `bun run campaign:stored` sets it. */
const STORED = Number(process.env['STORED_BACKUPS'] ?? 0);
const NEWEST_STORED = new Date('2020-02-29T02:00:00Z');

/** Enough on a busy machine to build the panel and start everything. */
const SETUP_TIMEOUT_MS = 120_000;

/**
 * Starts one panel server for all tests of the calling file, and disposes of it after the last. None is made without a browser; the tests are
 * then skipped.
 */
export function withPanelServer(
  options: PanelServerOptions = {},
  prepare?: (panel: PanelServer) => Promise<void>,
): () => PanelServer {
  let panel: PanelServer | null = null;
  beforeAll(async () => {
    if (WITHOUT_BROWSER) return;
    panel = await startPanelServer(options);
    await prepare?.(panel);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => panel?.[Symbol.asyncDispose]());
  return () => {
    if (panel) return panel;
    throw new Error('The panel server runs while tests run, and only where there is a browser.');
  };
}

/** Starts a panel server that the caller disposes of. */
export async function startPanelServer(options: PanelServerOptions = {}): Promise<PanelServer> {
  await ensurePanel();
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ template: 'hrms' }));
  await fillDemo(database.url, { staff: options.staff ?? 30, seed: 1 });
  const folder = await mkdtemp(join(tmpdir(), 'panel-test-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const config = readConfig({
    PORT: '0',
    BACKUP_DIR: join(folder, 'backups'),
    SECRET_KEY: 'k'.repeat(40),
    // Tests wait for the worker, so it must not yield to other processes.
    WORKER_NICENESS: '0',
    LOG_FILE: join(folder, 'server.log'),
    ...options.env,
  });
  const count = options.stored ?? STORED;
  const { signal } = new AbortController();
  if (count > 0) await writeManyArchives(config.backupDir, { count, newest: NEWEST_STORED, signal });
  const server: RunningServer = await startServer(config, database.url);
  stack.defer(() => server.stop());
  const pool = stack.use(await createContextPool(server.url));
  const owned = stack.move();
  return {
    url: server.url,
    database,
    folder: config.backupDir,
    stored: count,
    makeBackup: (name, tables) => makeBackup(server.url, name, tables),
    open: (how) => openBrowserSession(pool, server.url, how),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes a backup through the API, without a page; of all tables unless some are given. */
async function makeBackup(url: string, name: string, tables?: string[]): Promise<void> {
  const { origin } = new URL(url);
  let cookie = '';
  const client = createBackupClient({
    url,
    EventSource,
    async fetch(address, init) {
      const headers = new Headers(init.headers);
      headers.set('Origin', origin);
      headers.set('Cookie', cookie);
      const answer = await fetch(address, { ...init, headers });
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      return answer;
    },
  });
  await client.auth.signIn.mutate({ email: EMAIL, password: PASSWORD });
  const { data } = await client.backups.create.mutate({ name, ...(tables && { tables }) });
  await client.wait(data.operation.id);
}

async function openBrowserSession(
  pool: ContextPool,
  url: string,
  how: BrowserContextOptions = {},
): Promise<BrowserSession> {
  const { context, release } = await pool.take(how);
  const page = await context.newPage();
  const consoleErrors: string[] = [];
  let signedIn: AsyncDisposable | null = null;
  page.on('pageerror', (error) => consoleErrors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(message.text());
  });
  return {
    page,
    context,
    consoleErrors,
    goto: async (path) => void (await page.goto(path)),
    async signIn(path) {
      const { origin } = new URL(how.baseURL ?? url);
      const data = { email: EMAIL, password: PASSWORD };
      const answer = await context.request.post('/trpc/auth.signIn', { headers: { Origin: origin }, data });
      if (!answer.ok()) throw new Error(`nobody is let in: ${await answer.text()}`);
      signedIn = await context.addInitScript(setSessionFlag);
      if (path === undefined) return;
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
    },
    accessibilityFaults: () => audit(page),
    async accessibilityFaultsInBothThemes() {
      const light = await audit(page);
      await show(page, 'dark');
      const dark = await audit(page, CONTRAST_RULES);
      await show(page, 'light');
      return [...light, ...dark.map((fault) => `in the dark theme, ${fault}`)];
    },
    async [Symbol.asyncDispose]() {
      await signedIn?.[Symbol.asyncDispose]();
      await release();
    },
  };
}
/** Leaves the mark of a session in a page that has none yet, as the sign-in page does. Only once: signing out lasts on the next page. */
function setSessionFlag(): void {
  if (sessionStorage.getItem('entered') !== null) return;
  sessionStorage.setItem('entered', 'yes');
  localStorage.setItem('palace-session', 'yes');
}

/** Changes the theme and waits until every colour has changed, which takes a frame even without motion. */
async function show(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForFunction(() => document.getAnimations().every((one) => !(one instanceof CSSTransition)));
}

/** The colour rules of axe-core. */
const CONTRAST_RULES = ['color-contrast', 'link-in-text-block'];

async function audit(page: Page, rules?: string[]): Promise<string[]> {
  // Injected by the debugger, past the policy that forbids the page foreign scripts.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(`${axe.source}; 0`);
  return await page.evaluate(findFaults, rules);
}

async function findFaults(rules?: string[]): Promise<string[]> {
  const { run } = Reflect.get(window, 'axe') as typeof axe;
  const { violations } = await run(document, {
    resultTypes: ['violations'],
    // Only an experimental rule, which is off, reads the style sheets; parsing them takes as long as half of the rules.
    preload: { assets: ['media'] },
    ...(rules && { runOnly: rules }),
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** Returns the pixels by which the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Navigates inside the loaded panel: changes the address as Back and Forward do. */
export function navigate(page: Page, path: string): Promise<void> {
  return page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
}
