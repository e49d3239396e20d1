import { describe, expect, test } from 'bun:test';
import { campaign } from '../../db/campaign.fixture.ts';
import { archiveOf, writeManyArchives } from '../../scripts/panel/many-archives.ts';
import { PAGE_SIZE } from '../lib/backup-search.ts';
import { staged, WITHOUT_BROWSER } from './stage.fixture.ts';

const COUNT = campaign(1000, 10_000);
/** One in the middle, on no page that is looked at. */
const SOUGHT = Math.floor(COUNT * 0.73);
const NEWEST = new Date('2026-11-20T02:00:00Z');
/** One page of the list, as JSON before it is compressed. */
const MOST_BYTES = 64 * 1024;

const scene = staged({ staff: 1 }, async (scene) => {
  await writeManyArchives(scene.folder, { count: COUNT, newest: NEWEST, signal: new AbortController().signal });
});

describe.skipIf(WITHOUT_BROWSER)(`${COUNT.toLocaleString('en')} backups`, () => {
  test('are listed, searched and sorted a page at a time: neither the answers nor the page grow with them', async () => {
    await using visit = await scene().open();
    const { page } = visit;
    await visit.signIn('/');
    const answers: Promise<number>[] = [];
    page.on('response', (response) => {
      // Not the overview's question, which is still on its way.
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
    await page.getByText('1 backup,').waitFor();
    await shows(SOUGHT);
    expect(answers.length).toBeGreaterThan(4);

    // Any of them can be restored, not only the newest.
    await visit.goto('/restore');
    await page.getByLabel('Search').fill(archiveOf(SOUGHT, NEWEST).name.slice(0, -4));
    await page.getByRole('button', { name: archiveOf(SOUGHT, NEWEST).name }).click();
    await page.waitForURL((url) => url.searchParams.get('backup') === archiveOf(SOUGHT, NEWEST).name);
    for (const bytes of await Promise.all(answers)) expect(bytes).toBeLessThan(MOST_BYTES);
  });
});
