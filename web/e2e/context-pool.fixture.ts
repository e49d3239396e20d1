import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/dev/panel/browser.ts';

/** Shorter than a test's timeout, so that the failure names the missing element; longer than a page needs on a busy machine. */
const TIMEOUT_MS = 100_000;

/** The browser of this process, shared by all its files because starting it takes longer than most tests. It ends with the process. */
let running: Promise<Browser> | null = null;
async function sharedBrowser(): Promise<Browser> {
  const there = await running?.catch(() => null);
  if (there?.isConnected()) return there;
  running = startBrowser(ONE_RENDERER);
  return await running;
}

/** Reuses the renderer of a page still open in the context, instead of starting a process and parsing the panel's scripts again. */
const ONE_RENDERER = ['--renderer-process-limit=1', '--disable-site-isolation-trials'];

/** A context, with the function that leaves it. */
interface ContextLease {
  context: BrowserContext;
  release(): Promise<void>;
}

/** Opens contexts for pages. One without options is swept when it is left, and reused by the next caller. */
export interface ContextPool extends AsyncDisposable {
  take(how: BrowserContextOptions): Promise<ContextLease>;
}

/** Creates the contexts for pages of the server at this address. */
export async function createContextPool(url: string): Promise<ContextPool> {
  const browser = await sharedBrowser();
  const free: ContextLease[] = [];
  const made: BrowserContext[] = [];
  const reusable = async (): Promise<ContextLease> => {
    const context = await newContext(browser, url, {});
    made.push(context);
    // Keeps the renderer's process alive, and runs nothing.
    const keeper = await context.newPage();
    await keeper.goto('/icon.svg');
    const tools = await context.newCDPSession(keeper);
    const lease: ContextLease = {
      context,
      async release() {
        await clearContext(context, keeper, tools, url);
        free.push(lease);
      },
    };
    return lease;
  };
  return {
    async take(how) {
      if (Object.keys(how).length === 0) return free.pop() ?? (await reusable());
      const context = await newContext(browser, url, how);
      return { context, release: () => context.close() };
    },
    async [Symbol.asyncDispose]() {
      for (const context of made) await context.close();
    },
  };
}

async function newContext(browser: Browser, url: string, how: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: url, acceptDownloads: true, reducedMotion: 'reduce', ...how });
  context.setDefaultTimeout(TIMEOUT_MS);
  return context;
}

/** Closes every page but the keeper, and removes whatever they left. */
async function clearContext(context: BrowserContext, keeper: Page, tools: CDPSession, url: string): Promise<void> {
  for (const page of context.pages()) if (page !== keeper) await page.close();
  await context.unrouteAll();
  await context.setOffline(false);
  await context.clearCookies();
  await context.clearPermissions();
  const { origin } = new URL(url);
  await tools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage,indexeddb,cache_storage' });
}
