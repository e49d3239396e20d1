import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { archiveOf, writeManyArchives } from '../../scripts/dev/panel/many-archives.ts';
import { PAGE_SIZE } from '../lib/backup-search.ts';
import { PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const COUNT = campaign(1000, 10_000);
/** The index of a backup in the middle, on no page the test opens. */
const SOUGHT = Math.floor(COUNT * 0.73);
const NEWEST = new Date('2026-11-20T02:00:00Z');
/** The upper bound for one page of the list, as JSON before compression. */
const MOST_BYTES = 64 * 1024;

// Its list is long by itself.
const panel = withPanelServer({ staff: 1, stored: 0 }, async (panel) => {
  await writeManyArchives(panel.folder, { count: COUNT, newest: NEWEST, signal: new AbortController().signal });
});

describe.skipIf(WITHOUT_BROWSER)(`${COUNT.toLocaleString('en')} backups`, () => {
  test('are listed, searched and sorted a page at a time: neither the answers nor the page grow with them', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    const answers: Promise<number>[] = [];
    page.on('response', (response) => {
      // Skips the overview's query, which is still running.
      if (decodeURIComponent(response.url()).includes(`"limit":${PAGE_SIZE}`))
        answers.push(response.body().then((body) => body.length));
    });
    const rows = page.getByRole('list', { name: 'Stored backups' }).getByRole('listitem');
    const shows = async (number: number) => {
      await rows.getByRole('link', { name: archiveOf(number, NEWEST).name, exact: true }).waitFor();
      expect(await rows.count()).toBeLessThanOrEqual(PAGE_SIZE);
    };

    await page.getByRole('link', { name: 'Backups', exact: true }).click();
    await page.getByText(`${COUNT.toLocaleString('en')} backups`).waitFor();
    await shows(0);
    await page.getByRole('button', { name: 'Next page' }).click();
    await shows(PAGE_SIZE);
    await page.getByLabel('Sort by').selectOption('Oldest first');
    await shows(COUNT - 1);
    await page.getByLabel('Sort by').selectOption('Most rows first');
    await shows(88);
    await page.getByLabel('Search').fill(archiveOf(SOUGHT, NEWEST).name.slice(0, -4));
    await page.getByText('1 matching backup,').waitFor();
    await shows(SOUGHT);
    expect(answers.length).toBeGreaterThan(4);

    // Any of them can be restored, not only the newest.
    await browser.goto('/restore');
    await page.getByLabel('Search').fill(archiveOf(SOUGHT, NEWEST).name.slice(0, -4));
    await page.getByRole('button', { name: archiveOf(SOUGHT, NEWEST).name }).click();
    await page.waitForURL((url) => url.searchParams.get('backup') === archiveOf(SOUGHT, NEWEST).name);
    for (const bytes of await Promise.all(answers)) expect(bytes).toBeLessThan(MOST_BYTES);
  });

  test('are pinned, verified, deleted and downloaded several at once: each is named before and told of after, the password asked once', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    const [first, second, third] = [0, 1, 2].map((number) => archiveOf(number, NEWEST).name) as [
      string,
      string,
      string,
    ];
    const file = (name: string) => Bun.file(join(panel().folder, name));
    const dialog = page.getByRole('dialog');
    const rowOf = (name: string) => dialog.getByRole('listitem').filter({ hasText: name });
    const bar = page.getByRole('toolbar', { name: 'Selected backups' });
    const choose = async (...names: string[]) => {
      await page.getByLabel('Select all shown').check();
      await page.getByLabel('Select all shown').uncheck();
      for (const name of names) await page.getByLabel(`Select ${name}`).check();
      await bar.getByText(`${names.length} selected`).waitFor();
    };
    const ask = (what: string) => bar.getByRole('button', { name: what, exact: true }).click();
    const answer = (what: string) => dialog.getByRole('button', { name: what, exact: true }).click();
    const close = async () => {
      await dialog.getByRole('button', { name: 'Close' }).last().click();
      await dialog.waitFor({ state: 'detached' });
    };

    await browser.signIn('/backups?search=nightly_2026-11');
    await page.getByLabel('Select all shown').check();
    await bar.getByText('20 selected').waitFor();
    await ask('Pin');
    await dialog.getByText('Pin 20 backups').waitFor();
    expect(await dialog.getByRole('listitem').count()).toBe(20);
    await answer('Pin');
    await dialog.getByText('Done: 20 backups.').waitFor();
    await close();

    const bytes = await file(second).bytes();
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await Bun.write(file(second), bytes);
    await choose(first, second);
    await ask('Verify');
    await answer('Verify');
    await dialog.getByText('Correct: 1. Not verified: 1.').waitFor();
    await rowOf(first).getByText('Every byte is correct.').waitFor();
    await rowOf(second).getByText('is damaged').waitFor();
    await close();

    await choose(first, second);
    await ask('Unpin');
    await answer('Unpin');
    await dialog.getByText('Done: 2 backups.').waitFor();
    await close();
    await choose(first, second, third);
    await ask('Delete');
    await rowOf(third).getByText('Pinned, so it is kept.').waitFor();
    const password = dialog.getByLabel('Confirm your password');
    await password.fill('not it');
    await dialog.getByLabel('To confirm, type: delete 2 backups').fill('delete 3 backups');
    await answer('Delete');
    await dialog.getByText('Type exactly: delete 2 backups').waitFor();
    await dialog.getByLabel('To confirm, type: delete 2 backups').fill('delete 2 backups');
    await answer('Delete');
    await dialog.getByRole('alert').waitFor();
    expect(await file(first).exists()).toBe(true);
    await password.fill(PASSWORD);
    await answer('Delete');
    await dialog.getByText('Done: 2 backups.').waitFor();
    expect(await Promise.all([first, second, third].map((name) => file(name).exists()))).toEqual([false, false, true]);
    await close();

    const names = [3, 4].map((number) => archiveOf(number, NEWEST).name);
    await choose(...names);
    const saved: string[] = [];
    page.on('download', (download) => saved.push(download.suggestedFilename()));
    await ask('Download');
    await answer('Download');
    await dialog.getByText('Done: 2 backups.').waitFor();
    // The browser tells of a download when its first bytes are there.
    while (saved.length < names.length) await page.waitForEvent('download');
    expect(saved).toEqual(names);
    await close();
    // A backup out of sight is no longer chosen.
    await page.getByLabel('Search').fill(third.slice(0, -4));
    await page.getByText('1 matching backup,').waitFor();
    expect(await bar.count()).toBe(0);
  });
});
