import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { AppError } from '../server/errors.ts';
import { runRoot } from '../server/main.ts';
import { exitCodeOf } from './exit-codes.ts';
import { startBrowser } from './panel/browser.ts';
import { furnish } from './panel/furniture.ts';
import { type House, openHouse } from './panel/house.ts';
import { EMPTY_SHOTS, SHOTS, type Shot } from './panel/shots.ts';
import { signIn } from './panel/sign-in.ts';

const USAGE =
  'bun run screenshots [FOLDER] [NAME …]   all pictures, or those of these names; .data/screenshots when no folder';
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } } as const;
const THEMES = ['light', 'dark'] as const;

/** Takes a picture of every page of the panel, and of what matters on it, in both themes, on a desktop and on a phone. */
async function screenshots(): Promise<void> {
  const [folder = '.data/screenshots', ...names] = process.argv.slice(2);
  if (folder === '--help') return console.log(USAGE);
  if (folder.startsWith('-')) throw new AppError('USAGE', `There is no flag ${folder}.`, { hint: USAGE });
  const chosen = (shots: Shot[]) => shots.filter(({ name }) => names.length === 0 || names.includes(name));
  await mkdir(folder, { recursive: true });
  await using house = await openHouse();
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await startBrowser(['--hide-scrollbars']), (open) => open.close());
  if (chosen(EMPTY_SHOTS).length > 0) await takeAll(browser, house, chosen(EMPTY_SHOTS), folder);
  await furnish(house);
  await takeAll(browser, house, chosen(SHOTS), folder);
}

async function takeAll(browser: Browser, house: House, shots: Shot[], folder: string): Promise<void> {
  const session = await signIn(browser, house);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of THEMES) {
      const how = { baseURL: house.url, viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' } as const;
      const phone = size === 'phone' && { isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
      for (const shot of shots) {
        const context = await browser.newContext({ ...how, ...phone, ...(!shot.outside && { storageState: session }) });
        await take(context, house, shot, join(folder, `${shot.name}-${size}-${colorScheme}.png`));
        await context.close();
      }
    }
  }
}

async function take(context: BrowserContext, house: House, shot: Shot, path: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(shot.path);
  await page.getByRole('heading', { name: shot.heading }).first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await shot.prepare?.(page, house);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  if (shot.whole) await page.setViewportSize(await wholeSize(page));
  await page.screenshot({ path, animations: 'disabled' });
  console.log(path);
  await shot.after?.(page, house);
}

/** A window as high as the page: what stands at its edge stands at the edge of the picture. */
async function wholeSize(page: Page): Promise<{ width: number; height: number }> {
  const { width, height } = page.viewportSize() ?? SIZES.desktop;
  const needed = await page.evaluate<number>('document.documentElement.scrollHeight');
  return { width, height: Math.max(height, needed) };
}

if (import.meta.main) await runRoot(screenshots, exitCodeOf);
