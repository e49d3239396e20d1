import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { demoSignIn } from '../../../../db/hrms/demo/sign-in.ts';
import { AppError } from '../../../../server/core/errors.ts';
import { ensurePanel } from '../../../start/build-panel.ts';
import { browserIsHere, startBrowser } from '../../panel/browser.ts';
import { writeManyArchives } from '../../panel/many-archives.ts';
import { enterPanel } from '../../panel/sign-in.ts';
import { type Bench, SOURCE } from '../bench.ts';
import type { Contender, Measured } from '../contender.ts';
import { startOurServer } from './our-server.ts';

/** A copy of the source: the server writes records, which no other contender's dump should hold. */
const DATABASE = 'bench_our_panel';
const ARCHIVES = 10_000;
const PAGINGS = 30;
const SCROLLS = 60;
const SCROLL_PIXELS = 80;
const MAX_UPLOAD_BYTES = 100 * 1024 ** 2;

/** Our panel in a real browser, at the list of ten thousand backups. Seconds from the server's start to the first rows. */
export const SHOWN: Contender[] = [
  {
    key: 'panel-turn',
    label: `our panel: from a press to the next page of ${ARCHIVES} backups`,
    run: (bench) => shown(bench, measurePaging),
  },
  {
    key: 'panel-scroll',
    label: `our panel: frames while a page of ${ARCHIVES} backups is scrolled`,
    run: (bench) => shown(bench, scroll),
  },
];

async function shown(bench: Bench, measure: (page: Page) => Promise<number[]>): Promise<Measured> {
  if (!browserIsHere()) {
    throw new AppError('NOT_FOUND', 'There is no Chromium to show the panel in.', {
      hint: 'Install it (Debian: apt-get install chromium-headless-shell), or name one with CHROMIUM.',
    });
  }
  await ensurePanel();
  const backups = join(bench.files, 'panel');
  await bench.server.recreate(DATABASE, SOURCE);
  try {
    await writeManyArchives(backups, { count: ARCHIVES, newest: new Date(), signal: bench.signal });
    const who = await demoSignIn(bench.server.url(DATABASE));
    if (!who) throw new AppError('UNEXPECTED', 'The demo data has no super administrator to sign in as.');
    const started = performance.now();
    const options = { database: DATABASE, backups, maxUploadBytes: MAX_UPLOAD_BYTES };
    await using server = await startOurServer(bench, options);
    await using stack = new AsyncDisposableStack();
    const browser = stack.adopt(await startBrowser(), (open) => open.close());
    const page = await browser.newPage({ baseURL: server.url });
    await enterPanel(page, server.url, who);
    await page.goto('/backups');
    await rows(page).first().waitFor();
    const seconds = (performance.now() - started) / 1000;
    return { seconds, answerTimes: await measure(page), peakRss: server.peakRss() };
  } catch (error) {
    throw bench.signal.aborted ? new AppError('CANCELLED', 'The benchmark was cancelled.') : error;
  } finally {
    await rm(backups, { recursive: true, force: true });
    await bench.server.drop(DATABASE);
  }
}

function rows(page: Page) {
  return page.getByRole('list', { name: 'Stored backups' }).getByRole('listitem');
}

/**
 * Returns the milliseconds from each press to the frame that shows other rows. Measured in the page, so that the browser's protocol is not
 * counted.
 */
function measurePaging(page: Page): Promise<number[]> {
  return page.evaluate<number[]>(`(async () => {
    const times = [];
    const first = () => document.querySelector('ul[aria-label="Stored backups"] a').textContent;
    for (let turn = 0; turn < ${PAGINGS}; turn++) {
      const before = first();
      const began = performance.now();
      document.querySelector('button[aria-label="Next page"]').click();
      while (first() === before) await new Promise(requestAnimationFrame);
      times.push(performance.now() - began);
    }
    return times;
  })()`);
}

/** Returns the milliseconds from each frame to the next. */
function scroll(page: Page): Promise<number[]> {
  return page.evaluate<number[]>(`(async () => {
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let step = 0; step < ${SCROLLS}; step++) {
      window.scrollBy(0, step % 20 < 10 ? ${SCROLL_PIXELS} : -${SCROLL_PIXELS});
      const at = await new Promise(requestAnimationFrame);
      times.push(at - last);
      last = at;
    }
    return times;
  })()`);
}
