import { describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { openSession } from '../../db/connect/session.ts';
import type { Operation } from '../api.ts';
import { recordAnnouncements } from './announcements.fixture.ts';
import { type BrowserSession, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';
import { playOperation } from './stream.fixture.ts';

const TITLE = 'Backup to first.zip';

const panel = withPanelServer({}, (panel) => panel.makeBackup('first'));

type Progress = NonNullable<Operation['progress']>;

/** Returns progress of so many of a hundred bytes, with one row of a table for each byte. */
function progress(bytes: number, stage: Progress['stage'] = 'copy'): Progress {
  const tables = { 'public.staff': { rows: bytes, bytes } };
  return { stage, rows: bytes, bytes, totalBytes: 100, rowsPerSecond: 0, bytesPerSecond: 0, secondsLeft: null, tables };
}

const UNDER_WAY = { state: 'running', finishedAt: null, result: null } as const;

/** Plays the backup of this file’s server while it was being made. */
async function playFirst(page: Page, before: Progress) {
  const [row] = await panel().database.query(
    "SELECT id FROM backup_system.operations WHERE archive = 'first.zip' AND kind = 'backup'",
  );
  return playOperation(page, String(row?.['id']), { ...UNDER_WAY, revision: 1, progress: before });
}

/** Waits until the page shows the latest progress. */
async function shows(page: Page, rows: number): Promise<void> {
  await page.getByRole('row', { name: `staff ${rows}`, exact: true }).waitFor();
}

/** Holds every backup back until disposed of. */
async function holdTable() {
  const neighbour = await openSession(panel().database.url, {
    applicationName: 'neighbour',
    signal: AbortSignal.timeout(120_000),
  });
  await neighbour.query('BEGIN');
  await neighbour.query('LOCK TABLE public.staff IN ACCESS EXCLUSIVE MODE');
  return neighbour;
}

/** Starts a backup, and waits until its card says that it waits for the locked table. */
async function beginBackup({ page }: BrowserSession, name: string) {
  await page.getByRole('button', { name: 'Create backup' }).first().click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
  const card = page.getByRole('article', { name: `Backup to ${name}.zip` });
  await card.getByText('Running').waitFor();
  return card;
}

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent);

describe.skipIf(WITHOUT_BROWSER)('an operation tells those who do not see it', () => {
  test('how far it has come since they look, and at last its end alone', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    const stream = await playFirst(page, progress(30));
    const heard = await recordAnnouncements(page);
    await stream.tell({ progress: progress(40) });
    await shows(page, 40);
    await stream.tell({ progress: progress(60) });
    await heard.waitFor('percent');
    // The last share comes with the end.
    await stream.tell({ ...stream.record, progress: progress(99) });
    await page.getByText('Backup complete.').waitFor();
    await heard.waitFor('Done');
    expect(await heard.all()).toEqual([`${TITLE}: 25 percent.`, `${TITLE}: Done.`]);
  });

  test('nothing when it has ended long ago', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/operations');
    const heard = await recordAnnouncements(page);
    await page.getByRole('list', { name: 'Operations' }).getByRole('link', { name: TITLE }).click();
    await page.getByRole('heading', { name: TITLE, level: 1 }).waitFor();
    await page.getByText('Backup complete.').waitFor();
    expect(await heard.all()).toEqual([]);
  });

  test('once that it waits for the tables, however often that is the news', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    const stream = await playFirst(page, progress(40));
    const heard = await recordAnnouncements(page);
    for (const rows of [41, 42, 43]) {
      await stream.tell({ progress: { ...progress(rows, 'lock'), blocked: true } });
      await shows(page, rows);
    }
    await heard.waitFor('Waiting');
    expect(await heard.all()).toEqual([
      `${TITLE}: Waiting for the tables. Somebody is using the tables. It tries again by itself, and nothing has changed so far.`,
    ]);
  });

  test('that it was asked to stop, whatever else is the news, and then that it has', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    const stream = await playFirst(page, progress(40));
    const asked = { progress: progress(41), cancelRequestedAt: new Date().toISOString() };
    await page.route('**/trpc/operations.cancel**', (route) => {
      const data = { ...stream.record, ...UNDER_WAY, ...asked, revision: 2 };
      return route.fulfill({ json: [{ result: { data: { success: true, data } } }] });
    });
    const heard = await recordAnnouncements(page);
    await page.getByRole('button', { name: 'Cancel backup' }).press('Enter');
    await shows(page, 41);
    await stream.tell(asked);
    await stream.tell({ ...asked, progress: progress(42) });
    await shows(page, 42);
    await stream.tell({ ...stream.record, ...asked, state: 'cancelled' });
    await page.getByText('Cancelled', { exact: true }).waitFor();
    expect(await focused(page)).toBe(TITLE);
    await heard.waitFor('Cancelled');
    expect(await heard.all()).toEqual(['Cancelling.', `${TITLE}: Cancelled.`]);
  });

  test('where they are: who has stopped one goes on reading at its title, who puts it away at that of the page', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await using neighbour = await holdTable();
    const card = await beginBackup(browser, 'stopped');
    await card.getByRole('button', { name: 'Cancel backup' }).press('Enter');
    await card.getByText('Cancelled', { exact: true }).waitFor();
    expect(await focused(page)).toBe('Backup to stopped.zip');
    await card.getByRole('button', { name: 'Close' }).press('Enter');
    await card.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Backups');
    await neighbour.query('ROLLBACK');
  });
});

describe.skipIf(WITHOUT_BROWSER)('a list tells those who do not see it', () => {
  test('how many backups fit what was looked for; who wants all again can type at once', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    const heard = await recordAnnouncements(page);
    await page.getByRole('link', { name: 'Backups', exact: true }).click();
    await page
      .getByRole('list', { name: 'Stored backups' })
      .getByRole('link', { name: 'first.zip', exact: true })
      .waitFor();
    const search = page.getByLabel('Search');
    await search.fill('no such thing');
    await heard.waitFor('No matching backups');
    // Nobody is to believe that all backups are gone.
    expect(await page.getByText('Nothing is stored').count()).toBe(0);
    await page.getByText('Other backups are not shown.').waitFor();
    await page.getByRole('button', { name: 'Show all' }).press('Enter');
    const all = panel().stored === 0 ? '1 backup.' : `${panel().stored + 1} backups.`;
    await heard.waitFor(all);
    expect(await search.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.getByLabel('Show', { exact: true }).selectOption('Pinned');
    await page.getByRole('main').getByText('No matching backups').waitFor();
    await page.getByRole('link', { name: 'Status', exact: true }).click();
    await page.getByRole('heading', { name: 'Status', level: 1 }).waitFor();
    expect(await heard.all()).toEqual(['No matching backups', all, 'No matching backups']);
  });

  test('how many attempts fit', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/audit');
    const rows = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem');
    await rows.first().waitFor();
    const heard = await recordAnnouncements(page);
    const search = page.getByLabel('Search');
    await search.fill('no such thing');
    await heard.waitFor('No matching entries');
    await page.getByRole('button', { name: 'Show all' }).press('Enter');
    await heard.waitFor('entries.');
    expect(await search.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await heard.all()).toEqual(['No matching entries', `${await rows.count()} entries.`]);
  });

  test('how many operations fit', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/operations');
    const rows = page.getByRole('list', { name: 'Operations' }).getByRole('listitem');
    await rows.first().waitFor();
    const heard = await recordAnnouncements(page);
    await page.getByLabel('Kind').selectOption('Restore');
    await heard.waitFor('No matching operations');
    await page.getByLabel('Kind').selectOption('Backup');
    const [made] = await panel().database.query(
      "SELECT count(*)::int AS count FROM backup_system.operations WHERE kind = 'backup'",
    );
    const count = Number(made?.['count']);
    await heard.waitFor(`${count} operation`);
    expect(await heard.all()).toEqual([
      'No matching operations',
      `${count} ${count === 1 ? 'operation' : 'operations'}.`,
    ]);
  });
});

describe.skipIf(WITHOUT_BROWSER)('an operation tells everybody', () => {
  test('a good end in a line, wherever they are by then, which takes no focus and stays while somebody points at it', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await using neighbour = await holdTable();
    await beginBackup(browser, 'well');
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    const heard = await recordAnnouncements(page);
    await neighbour.query('ROLLBACK');
    const line = page.getByRole('region', { name: 'Finished operations' }).getByRole('listitem');
    await line.getByText('Backup complete. Every byte was verified.').waitFor();
    expect(await focused(page)).toBe('Audit');
    expect(await heard.all()).toEqual(['Backup to well.zip: Done.']);
    expect(await browser.accessibilityFaults()).toEqual([]);
    await page.clock.install();
    await line.hover();
    await page.clock.runFor(60_000);
    await page.mouse.move(0, 0);
    await page.clock.runFor(11_000);
    expect(await line.count()).toBe(1);
    await page.clock.runFor(2000);
    expect(await line.count()).toBe(0);
  });

  test('in lines that keep nobody from a button: the page can be scrolled out from under them, on a phone too', async () => {
    for (const viewport of [
      { width: 1280, height: 500 },
      { width: 360, height: 560 },
    ]) {
      await using browser = await panel().open({ viewport });
      const { page } = browser;
      await browser.signIn('/backups');
      await using neighbour = await holdTable();
      await beginBackup(browser, `seen-${viewport.width}`);
      await page.getByRole('link', { name: 'Restore', exact: true }).click();
      await page.getByRole('button', { name: /first\.zip/ }).click();
      const last = page.getByRole('button', { name: 'Replace live data' });
      await last.waitFor();
      await neighbour.query('ROLLBACK');
      const line = page.getByRole('region', { name: 'Finished operations' }).getByRole('listitem');
      await line.getByText('Backup complete.').waitFor();
      // As by the Tab key: the browser scrolls to what gets the focus.
      await page.evaluate(() => scrollTo(0, 0));
      const reached = await last.evaluate((button: HTMLElement) => {
        button.focus();
        const { x, y, width, height } = button.getBoundingClientRect();
        return button.contains(document.elementFromPoint(x + width / 2, y + height - 2));
      });
      expect(reached).toBe(true);
      expect(await line.count()).toBe(1);
    }
  });
});
