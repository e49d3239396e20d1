import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { AppError } from '../../server/core/errors.ts';
import { type Command, runCommand } from '../command/cli.ts';
import { startBrowser } from './panel/browser.ts';
import { storeDemoBackups } from './panel/demo-backups.ts';
import { type DemoServer, startDemoServer } from './panel/demo-server.ts';
import { EMPTY_SHOTS, SHOTS, type Shot } from './panel/shots.ts';
import { signIn } from './panel/sign-in.ts';

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } } as const;
const THEMES = ['light', 'dark'] as const;

const NAMES = [...EMPTY_SHOTS, ...SHOTS].map(({ name }) => name);

const flags = {
  output: { kind: 'text', short: 'o', value: 'DIR', help: 'where the pictures go; .data/screenshots unless given' },
  only: { kind: 'list', value: 'a,b', help: `some of them: ${NAMES.join(', ')}` },
} as const;

const command: Command<typeof flags> = {
  name: 'dev/screenshots',
  summary:
    'Takes a picture of every page of the panel, and of what matters on it, in both themes, on a desktop and on a phone.',
  flags,
  settings: [],
  examples: [
    { line: 'bun run screenshots', does: 'all of them' },
    { line: 'bun run screenshots --only overview,restore', does: 'two pages, eight pictures' },
  ],
  async run({ values, signal, note }) {
    const { output = '.data/screenshots', only = NAMES } = values;
    const unknown = only.find((name) => !NAMES.includes(name));
    if (unknown !== undefined)
      throw new AppError('USAGE', `There is no picture ${unknown}.`, { hint: `There are: ${NAMES.join(', ')}.` });
    const chosen = (shots: Shot[]) => shots.filter(({ name }) => only.includes(name));
    await mkdir(output, { recursive: true });
    await using server = await startDemoServer(signal);
    await using stack = new AsyncDisposableStack();
    const browser = stack.adopt(await startBrowser(['--hide-scrollbars']), (open) => open.close());
    const options = { browser, server, folder: output, signal, note };
    const empty = await takeAll(options, chosen(EMPTY_SHOTS));
    await storeDemoBackups(server);
    const taken = [...empty, ...(await takeAll(options, chosen(SHOTS)))];
    return { data: { pictures: taken }, lines: [`${taken.length} pictures in ${output}`] };
  },
};

interface ShotOptions {
  browser: Browser;
  server: DemoServer;
  folder: string;
  signal: AbortSignal;
  note: (line: string) => void;
}

async function takeAll({ browser, server, folder, signal, note }: ShotOptions, shots: Shot[]): Promise<string[]> {
  if (shots.length === 0) return [];
  const taken: string[] = [];
  const session = await signIn(browser, server);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of THEMES) {
      const how = { baseURL: server.url, viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' } as const;
      const phone = size === 'phone' && { isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
      for (const shot of shots) {
        signal.throwIfAborted();
        const path = join(folder, `${shot.name}-${size}-${colorScheme}.png`);
        const context = await browser.newContext({ ...how, ...phone, ...(!shot.outside && { storageState: session }) });
        await take(context, server, shot, path);
        await context.close();
        taken.push(path);
        note(path);
      }
    }
  }
  return taken;
}

async function take(context: BrowserContext, server: DemoServer, shot: Shot, path: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(shot.path);
  await page.getByRole('heading', { name: shot.heading }).first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  await shot.prepare?.(page, server);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  if (shot.whole) await page.setViewportSize(await wholeSize(page));
  await page.screenshot({ path, animations: 'disabled' });
  await shot.after?.(page, server);
}

/** Returns a window as high as the page, so that what sits at the page's edge sits at the picture's edge. */
async function wholeSize(page: Page): Promise<{ width: number; height: number }> {
  const { width, height } = page.viewportSize() ?? SIZES.desktop;
  const needed = await page.evaluate<number>('document.documentElement.scrollHeight');
  return { width, height: Math.max(height, needed) };
}

if (import.meta.main) await runCommand(command);
