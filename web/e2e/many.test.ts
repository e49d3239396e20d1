import { expect, test } from 'bun:test';
import { multiply } from '../../scripts/panel/many.ts';
import { PAGE_SIZE } from '../lib/backup-search.ts';
import { stage, WITHOUT_BROWSER } from './stage.fixture.ts';

const BACKUPS = 10_000;
const MOST_BYTES = 40_000;

test.skipIf(WITHOUT_BROWSER)(
  'of ten thousand backups a page holds one page of rows, and an answer no more than that',
  async () => {
    await using scene = await stage();
    await using visit = await scene.open();
    const { page, complaints } = visit;
    await visit.signIn();
    await visit.goto('/backups');
    await page.getByRole('button', { name: 'Make a backup' }).first().click();
    await page.getByLabel('Name').fill('one');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText('The backup is made.').waitFor();
    await multiply(scene.folder, 'one.zip', BACKUPS);

    const sizes: number[] = [];
    page.on('response', async (response) => {
      if (response.url().includes('backups.list'))
        sizes.push((await response.body().catch(() => Buffer.alloc(0))).length);
    });
    const list = page.getByRole('list', { name: 'Stored backups' });
    const rows = async (shown: string) => {
      await list.getByRole('link', { name: shown, exact: true }).waitFor();
      return list.getByRole('listitem').count();
    };
    await visit.goto('/backups?search=copy&sort=name+asc');
    expect(await rows('copy-00001.zip')).toBe(PAGE_SIZE);
    await page.getByText(`1–${PAGE_SIZE} of 10,000`).waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    expect(await rows('copy-00026.zip')).toBe(PAGE_SIZE);
    await visit.goto('/backups?search=copy&sort=name+asc&page=400');
    expect(await rows('copy-10000.zip')).toBe(PAGE_SIZE);
    expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true);
    await page.getByRole('searchbox').fill('number 7700');
    expect(await rows('copy-07700.zip')).toBe(1);
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(MOST_BYTES);
    expect(Math.max(...sizes)).toBeGreaterThan(1000);
    expect(complaints).toEqual([]);
  },
);
