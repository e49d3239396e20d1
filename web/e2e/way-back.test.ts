import { describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { EMAIL, PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

interface Search {
  /** The source that keeps it. */
  source: string;
  path: string;
  /** Searches, filters, sorts or turns the page. */
  set: (page: Page) => Promise<unknown>;
  /** Address and page that it leads to. */
  address: Record<string, string>;
  shows: (page: Page) => Promise<unknown>;
  /** Link that leads back from the page one goes to; absent where there is none. */
  way?: string;
  /** Opens a page from there. */
  leave: (page: Page) => Promise<unknown>;
}

const goTo = (name: string) => (page: Page) => page.getByRole('link', { name, exact: true }).first().click();

/** Every search, filter, order and page number of the panel. */
const SEARCHES: Search[] = [
  {
    source: 'pages/backups/backups.tsx',
    path: '/backups',
    async set(page) {
      await page.getByLabel('Search').fill('zip');
      await page.waitForURL(/search=zip/);
      await page.getByLabel('Show', { exact: true }).selectOption('Verified');
      await page.getByLabel('Sort by').selectOption('Oldest first');
    },
    address: { search: 'zip', show: 'verified', sort: 'madeAt asc' },
    shows: async (page) => {
      expect(await page.getByLabel('Search').inputValue()).toBe('zip');
      expect(await page.getByLabel('Sort by').inputValue()).toBe('madeAt asc');
    },
    way: 'Backups',
    leave: goTo('first.zip'),
  },
  {
    source: 'pages/operations.tsx',
    path: '/operations',
    async set(page) {
      await page.getByLabel('Kind').selectOption('Backup');
      await page.getByLabel('State').selectOption('Done');
    },
    address: { kind: 'backup', state: 'succeeded' },
    shows: async (page) => expect(await page.getByLabel('State').inputValue()).toBe('succeeded'),
    way: 'Operations',
    leave: goTo('Backup to first.zip'),
  },
  {
    source: 'pages/audit/audit-filters.tsx',
    path: '/audit',
    async set(page) {
      await page.getByLabel('Search').fill('in');
      await page.waitForURL(/search=in/);
      await page.getByLabel('Person').fill(EMAIL);
      await page.waitForURL(/actor=/);
      await page.getByLabel('Outcome').selectOption({ index: 1 });
    },
    address: { search: 'in', actor: EMAIL },
    shows: async (page) => expect(await page.getByLabel('Person').inputValue()).toBe(EMAIL),
    leave: goTo('Status'),
  },
  {
    source: 'pages/restore/backup-picker.tsx',
    path: '/restore',
    async set(page) {
      await page.getByLabel('Search').fill('first');
      await page.waitForURL(/search=first/);
    },
    address: { search: 'first' },
    shows: async (page) => expect(await page.getByLabel('Search').inputValue()).toBe('first'),
    leave: (page) => page.getByRole('button', { name: 'first.zip' }).click(),
  },
  {
    source: 'pages/backup/find.tsx',
    path: '/backups/first.zip',
    async set(page) {
      await page.getByLabel('Search for').fill('a');
      await page.getByLabel('In', { exact: true }).selectOption({ label: 'categories' });
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      await page.getByRole('list', { name: 'Rows found' }).waitFor();
    },
    address: { find: 'a', in: 'categories' },
    async shows(page) {
      await page.getByRole('list', { name: 'Rows found' }).waitFor();
      expect(await page.getByLabel('Search for').inputValue()).toBe('a');
      expect(await page.getByLabel('In', { exact: true }).inputValue()).toBe('categories');
    },
    way: 'first.zip',
    async leave(page) {
      await page.getByRole('list', { name: 'Rows found' }).getByRole('link').first().click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
    },
  },
  {
    source: 'pages/rows/rows.tsx',
    path: '/backups/first.zip/tables/staff',
    async set(page) {
      await page.getByLabel('Search').fill('2');
      await page.waitForURL(/search=2/);
    },
    address: { search: '2' },
    shows: async (page) => expect(await page.getByLabel('Search').inputValue()).toBe('2'),
    leave: goTo('Status'),
  },
];

const panel = withPanelServer({}, (panel) => panel.makeBackup('first'));

const paramsOf = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);

test('every page that keeps something in its address is among those that are tried', async () => {
  const web = join(import.meta.dir, '..');
  const keeping: string[] = [];
  for (const path of await readdir(web, { recursive: true }))
    if (/\.tsx$/.test(path) && /\[\w+, set\w+\] = useSearchParams/.test(await Bun.file(join(web, path)).text()))
      keeping.push(path);
  // The audit's page has its fields in `audit-filters.tsx`; the chosen backup of a restore is a page of its own.
  const others = ['pages/audit/audit.tsx', 'pages/restore/restore.tsx'];
  expect(keeping.toSorted()).toEqual([...SEARCHES.map(({ source }) => source), ...others].toSorted());
});

describe.skipIf(WITHOUT_BROWSER)('a search is still there for who comes back', () => {
  for (const { source, path, set, address, shows, way, leave } of SEARCHES)
    test(`by Back, by the link and by loading the page again: ${source}`, async () => {
      await using browser = await panel().open();
      const { page } = browser;
      await browser.signIn('/');
      await browser.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const length = await page.evaluate(() => history.length);
      await set(page);
      await page.waitForFunction(
        (wanted) =>
          Object.entries(wanted).every(([name, value]) => new URLSearchParams(location.search).get(name) === value),
        address,
      );
      // Replaced, not pushed: Back leaves the page.
      expect(await page.evaluate(() => history.length)).toBe(length);
      const left = paramsOf(page);
      const elsewhere = async () => {
        const before = page.url();
        await leave(page);
        await page.waitForURL((url) => url.href !== before);
      };
      const isBack = async () => {
        await page.waitForURL((url) => url.pathname === path && url.search !== '');
        await page.waitForFunction(() => !document.querySelector('.skeleton'));
        expect(paramsOf(page)).toEqual(left);
        await shows(page);
      };
      await elsewhere();
      await page.goBack();
      await isBack();
      if (way !== undefined) {
        await elsewhere();
        await page.getByRole('main').getByRole('link', { name: way, exact: true }).first().click();
        await isBack();
      }
      await page.reload();
      await isBack();
    });

  test('among personal data as well, in no address, without asking the server again, and for nobody else', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/first.zip');
    let searches = 0;
    page.on('request', (request) => {
      if (request.url().includes('backups.findPeople')) searches += 1;
    });
    const [row] = await panel().database.query(
      `SELECT "fullName" AS name FROM staff WHERE length("fullName") >= 8 LIMIT 1`,
    );
    const person = String(row?.['name']);
    await page.getByLabel('Search for').fill(person);
    await page.getByLabel(/^Search personal and financial columns/).check();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('dialog').locator('input[type=password]').fill(PASSWORD);
    await page.getByRole('dialog').locator('button[type=submit]').click();
    const found = page.getByRole('list', { name: 'Rows found' }).getByRole('link');
    await found.first().waitFor();
    const hits = await found.count();
    const asked = searches;
    await found.first().click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await found.first().waitFor();
    expect(await found.count()).toBe(hits);
    expect(await page.getByLabel('Search for').inputValue()).toBe(person);
    expect(await page.getByLabel(/^Search personal and financial columns/).isChecked()).toBe(true);
    expect(page.url()).not.toContain('?');
    expect(searches).toBe(asked);
    await page.getByRole('button', { name: /Signed in as/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('E-mail').fill(EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByLabel('Search for').waitFor();
    expect(await page.getByLabel('Search for').inputValue()).toBe('');
    expect(await found.count()).toBe(0);
  });
});
