import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/dev/panel/browser.ts';

/** Less than a test may take, so that what was waited for is named; more than a page needs on a machine with much else to do. */
const PATIENCE_MS = 100_000;

/** One for all files that this process runs: starting it takes longer than most tests. It ends with the process. */
let running: Promise<Browser> | null = null;
async function sharedBrowser(): Promise<Browser> {
  const there = await running?.catch(() => null);
  if (there?.isConnected()) return there;
  running = startBrowser(ONE_RENDERER);
  return await running;
}

/** A new page need not start a process and read the scripts of the panel from their beginning when an old one of its context is there still. */
const ONE_RENDERER = ['--renderer-process-limit=1', '--disable-site-isolation-trials'];

/** A context, and how it is left. */
interface Place {
  context: BrowserContext;
  leave(): Promise<void>;
}

/** Where pages are opened. A context without options of its own is swept when it is left, and given to the next who comes. */
export interface Places extends AsyncDisposable {
  take(how: BrowserContextOptions): Promise<Place>;
}

/** Opens places for pages of the server at this address. */
export async function createSemaphore(url: string): Promise<Places> {
  const browser = await sharedBrowser();
  const free: Place[] = [];
  const made: BrowserContext[] = [];
  const usual = async (): Promise<Place> => {
    const context = await newContext(browser, url, {});
    made.push(context);
    // It keeps the renderer's process, and runs nothing.
    const keeper = await context.newPage();
    await keeper.goto('/icon.svg');
    const tools = await context.newCDPSession(keeper);
    const place = {
      context,
      async leave() {
        await sweep(context, keeper, tools, url);
        free.push(place);
      },
    };
    return place;
  };
  return {
    async take(how) {
      if (Object.keys(how).length === 0) return free.pop() ?? (await usual());
      const context = await newContext(browser, url, how);
      return { context, leave: () => context.close() };
    },
    async [Symbol.asyncDispose]() {
      for (const context of made) await context.close();
    },
  };
}

async function newContext(browser: Browser, url: string, how: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: url, acceptDownloads: true, reducedMotion: 'reduce', ...how });
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

/** Takes away every page but the keeper, and whatever they left. */
async function sweep(context: BrowserContext, keeper: Page, tools: CDPSession, url: string): Promise<void> {
  for (const page of context.pages()) if (page !== keeper) await page.close();
  await context.unrouteAll();
  await context.setOffline(false);
  await context.clearCookies();
  await context.clearPermissions();
  const { origin } = new URL(url);
  await tools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage,indexeddb,cache_storage' });
}
