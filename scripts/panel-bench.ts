import type { Page } from 'playwright-core';
import { runRoot } from '../server/main.ts';
import { formatColumns } from './format.ts';
import { startBrowser } from './panel/browser.ts';
import { furnish } from './panel/furniture.ts';
import { openHouse } from './panel/house.ts';
import { multiply } from './panel/many.ts';
import { signIn } from './panel/sign-in.ts';

const BACKUPS = 10_000;
/** Kept in the page: the longest task since the last look, and the frames of a scroll from top to bottom. */
const WATCH = `
  window.longest = 0;
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); })
    .observe({ type: 'longtask', buffered: true });`;
const TAKE_LONGEST = '(() => { const found = window.longest; window.longest = 0; return found; })()';
const SCROLL = `new Promise((resolve) => {
  const frames = [];
  let last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    window.scrollBy(0, 24);
    if (frames.length < 60) requestAnimationFrame(step);
    else resolve(frames.slice(1).sort((a, b) => a - b)[Math.floor((frames.length - 1) * 0.95)]);
  };
  requestAnimationFrame(step);
})`;

/** Prints how the list of ten thousand backups does in the real browser: times of one run, on this machine, with whatever else it does. */
async function measure(): Promise<void> {
  await using house = await openHouse();
  await furnish(house);
  await multiply(house.folder, 'payroll-only.zip', BACKUPS);
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await startBrowser(), (open) => open.close());
  const context = await browser.newContext({ baseURL: house.url, storageState: await signIn(browser, house) });
  const page = await context.newPage();
  await page.addInitScript(WATCH);

  const rows: string[][] = [['step', 'ms until shown', 'longest task, ms']];
  const step = async (name: string, act: () => Promise<unknown>, shown: string) => {
    const began = performance.now();
    await act();
    await page.getByRole('list', { name: 'Stored backups' }).getByText(shown).first().waitFor();
    const ms = performance.now() - began;
    rows.push([name, ms.toFixed(0), (await page.evaluate<number>(TAKE_LONGEST)).toFixed(0)]);
  };
  await step('the list, server cold', () => page.goto('/backups?sort=name+asc&search=copy'), 'copy-00001.zip');
  await step('the list, server warm', () => page.reload(), 'copy-00001.zip');
  await step('the next page', () => press(page, 'Next page'), 'copy-00026.zip');
  await step('page 200', () => page.goto('/backups?sort=name+asc&search=copy&page=200'), 'copy-04976.zip');
  await step('a search', () => page.getByRole('searchbox').fill('Number 7700'), 'copy-07700.zip');
  await step('largest first', () => page.goto('/backups?sort=size+desc'), 'backup_');
  await step('newest first', () => page.getByLabel('Sort by').selectOption('name asc'), 'backup_');
  for (const line of formatColumns(rows, 'lrr')) console.log(line);
  console.log(`95 % of the frames of a scroll took at most ${(await page.evaluate<number>(SCROLL)).toFixed(1)} ms.`);
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).click();
}

if (import.meta.main) await runRoot(measure);
