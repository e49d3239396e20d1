import { describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { navigate, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

/** Milliseconds by which the server answers late: longer than a pause of who types, shorter than a test's patience. */
const LATE_MS = 700;
const TEXT = 'ab/cd e';

interface SearchField {
  /** The source with the field. */
  source: string;
  path: string;
  find: (page: Page) => Locator;
  /** Parameter of the address that holds the text; null where it is in none. */
  parameter: string | null;
  /** Moves the focus to it; `/` unless given. */
  go?: (page: Page) => Promise<unknown>;
}

/** Every field that searches or filters while somebody types. */
const FIELDS: SearchField[] = [
  {
    source: 'pages/backups/backups.tsx',
    path: '/backups',
    find: (page) => page.getByLabel('Search'),
    parameter: 'search',
  },
  {
    source: 'pages/audit/audit-filters.tsx',
    path: '/audit',
    find: (page) => page.getByLabel('Search'),
    parameter: 'search',
  },
  {
    source: 'pages/audit/audit-filters.tsx',
    path: '/audit',
    find: (page) => page.getByLabel('Person'),
    parameter: 'actor',
    go: (page) => page.getByLabel('Person').focus(),
  },
  {
    source: 'pages/rows/row-search.tsx',
    path: '/backups/first.zip/tables/staff',
    find: (page) => page.getByLabel('Search'),
    parameter: 'search',
  },
  {
    source: 'pages/restore/backup-picker.tsx',
    path: '/restore',
    find: (page) => page.getByLabel('Search'),
    parameter: null,
  },
  {
    source: 'pages/restore/preview/difference-rows.tsx',
    path: '/restore?backup=first.zip',
    find: (page) => page.getByLabel('Search these rows'),
    parameter: null,
    async go(page) {
      await panel().database.query(`UPDATE public.system_settings SET value = value || ' changed'`);
      await page.getByRole('button', { name: 'Preview changes' }).click();
      await page.getByRole('button', { name: 'Show the rows of system_settings' }).click();
      await page.getByLabel('Search these rows').focus();
    },
  },
  {
    source: 'pages/backup/find.tsx',
    path: '/backups/first.zip',
    find: (page) => page.getByLabel('Search for'),
    parameter: null,
  },
  {
    source: 'shell/palette.tsx',
    path: '/status',
    find: (page) => page.getByRole('combobox'),
    parameter: null,
  },
];

const panel = withPanelServer({}, (panel) => panel.makeBackup('first'));

/** Lets every answer of the server come late, and the parts of the panel that are not loaded yet. */
async function slow(page: Page): Promise<void> {
  await page.route(/\/(trpc|assets)\//, async (route) => {
    await Bun.sleep(LATE_MS);
    await route.continue().catch(() => undefined);
  });
}

async function keeps(page: Page, { find, parameter }: SearchField, text: string): Promise<void> {
  await page.waitForFunction(
    ([name, wanted]) => name === null || new URLSearchParams(location.search).get(name ?? '') === wanted,
    [parameter, text] as const,
  );
  // The answers to all that was typed.
  await Bun.sleep(2 * LATE_MS);
  expect(await find(page).inputValue()).toBe(text);
  expect(await find(page).evaluate((field) => field === document.activeElement)).toBe(true);
}

test('every field that searches while somebody types is among those that are tried', async () => {
  const web = join(import.meta.dir, '..');
  const sources = (await readdir(web, { recursive: true })).filter((path) => /\.tsx$/.test(path));
  const searching: string[] = [];
  for (const path of sources)
    if (/createDebouncedText\(|type="search"/.test(await Bun.file(join(web, path)).text())) searching.push(path);
  expect(searching.toSorted()).toEqual([...new Set(FIELDS.map(({ source }) => source))].toSorted());
});

describe.skipIf(WITHOUT_BROWSER)('with a server that answers late, nothing typed is lost', () => {
  for (const field of FIELDS)
    test(`in the field of ${field.source}${field.parameter ? ` for ${field.parameter}` : ''}`, async () => {
      await using browser = await panel().open();
      const { page, consoleErrors } = browser;
      await browser.signIn(field.path);
      await slow(page);
      await (field.go ?? (() => page.keyboard.press('/')))(page);
      // At once, key by key, as fast as a machine.
      await page.keyboard.type(TEXT);
      await keeps(page, field, TEXT);
      await field.find(page).fill('');
      // With a pause after each, so that each is searched for while the next is typed.
      await page.keyboard.type(TEXT, { delay: 300 });
      await keeps(page, field, TEXT);
      expect(consoleErrors).toEqual([]);
    });

  test('right after / in a page that is still on its way: it goes to the field of that page', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await slow(page);
    const link = page.getByRole('link', { name: 'Audit' });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('/');
    await page.keyboard.type('se ek');
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    const search = page.getByLabel('Search').and(page.locator(':focus'));
    await search.waitFor();
    await page.keyboard.type('ing');
    expect(await search.inputValue()).toBe('se eking');
    await page.waitForURL(/search=se\+eking/);
  });

  test('right after a dialog or a menu was closed: its focus is not given back to a button', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await page.getByRole('link', { name: 'first.zip', exact: true }).waitFor();
    const slash = () =>
      page.evaluate(() => {
        new MutationObserver((_, observer) => {
          if (document.querySelector('[role=dialog],[role=menu]')) return;
          observer.disconnect();
          // In the same moment, before any timer.
          document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true }));
        }).observe(document.body, { childList: true, subtree: true });
      });
    for (const [role, button] of [
      ['dialog', 'Create backup'],
      ['menu', 'Actions for first.zip'],
      ['menu', /^Signed in as/],
    ] as const) {
      await page.getByRole('button', { name: button }).first().press('Enter');
      await page.waitForFunction((open) => document.activeElement?.closest(`[role=${open}]`) != null, role);
      await slash();
      await page.keyboard.press('Escape');
      await page.getByRole(role).waitFor({ state: 'detached' });
      await page.keyboard.type('first');
      await page.waitForTimeout(200);
      expect(await page.getByLabel('Search').and(page.locator(':focus')).inputValue()).toBe('first');
    }
  });

  test('when the rows cannot be read in between: the field stays, with the failure below', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/status');
    let mayAnswer = false;
    await page.route(/\/trpc\/backups\.rows/, (route) =>
      mayAnswer ? route.continue() : route.fulfill({ status: 500, body: 'no' }),
    );
    await navigate(page, '/backups/first.zip/tables/staff');
    await page.getByRole('heading', { name: 'staff', level: 1 }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('maria', { delay: 300 });
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('maria');
    mayAnswer = true;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    expect(await page.getByLabel('Search').inputValue()).toBe('maria');
  });
});
