import { describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { arrive } from './arrive.fixture.ts';
import { overflow, PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

/** A window of 1280 × 1024 at four times its size. */
const ZOOMED = { width: 320, height: 256 };
/** As long as a name may be, and without a place to break. */
const BACKUP = `${'long'.repeat(40)}.zip`;
const TOKEN = 'W'.repeat(100);

interface Over {
  name: string;
  /** The source that opens it. */
  source: string;
  path: string;
  open: (page: Page) => Promise<unknown>;
  /** `dialog` unless given. */
  role?: 'menu' | 'list';
  close?: (page: Page) => Promise<unknown>;
}

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().press('Enter');
const pressInside = (page: Page, name: string | RegExp) =>
  page.getByRole('dialog').getByRole('button', { name }).press('Enter');
const MENU_OF_A_BACKUP = press(`Actions for ${BACKUP}`);

/** Every dialog and menu, in its longest state: with all that may be told in it. */
const ALL: Over[] = [
  { name: 'creating', source: 'ui/create-backup.tsx', path: '/backups', open: press('Create backup') },
  {
    name: 'creating of some tables, wrongly',
    source: 'ui/create-backup.tsx',
    path: '/backups',
    async open(page) {
      await press('Create backup')(page);
      await page.getByLabel('Name').fill('no blanks');
      await page.getByLabel('Only some').check();
      await pressInside(page, 'Create backup');
      await page.getByText('Choose at least one table.').waitFor();
    },
  },
  {
    name: 'deleting',
    source: 'ui/remove-backup.tsx',
    path: `/backups/${BACKUP}`,
    async open(page) {
      await press('Delete …')(page);
      await pressInside(page, 'Delete permanently');
      await page.getByText('That is not the name of the backup.').waitFor();
    },
  },
  {
    name: 'deleting several',
    source: 'pages/backups/bulk-dialog.tsx',
    path: '/backups',
    async open(page) {
      await page.getByLabel('Select all shown').check();
      await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
      await pressInside(page, 'Delete');
      await page.getByText('Type exactly').waitFor();
    },
  },
  {
    name: 'confirming the password, wrongly',
    source: 'shell/step-up-dialog.tsx',
    path: `/backups/${BACKUP}`,
    async open(page) {
      await press('Download')(page);
      await page.getByRole('dialog').locator('input[type=password]').fill('not it');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByRole('alert').waitFor();
    },
  },
  { name: 'going elsewhere', source: 'shell/palette.tsx', path: '/status', open: press('Go to …') },
  {
    name: 'making a token, wrongly',
    source: 'pages/access/create-token.tsx',
    path: '/access',
    async open(page) {
      await press('Create token')(page);
      await pressInside(page, 'Create token');
      await page.getByText('Type your password.').waitFor();
    },
  },
  {
    name: 'a token that is shown',
    source: 'pages/access/create-token.tsx',
    path: '/access',
    async open(page) {
      await press('Create token')(page);
      await page.getByLabel('Name').fill(TOKEN);
      const password = page.getByRole('dialog').locator('input[type=password]');
      if (await password.isVisible()) await password.fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').locator('[data-token]').waitFor();
    },
    close: (page) => pressInside(page, 'I have copied it'),
  },
  {
    name: 'revoking a token',
    source: 'pages/access/revoke-token.tsx',
    path: '/access',
    async open(page) {
      await page.route('**/trpc/tokens.revoke**', (route) => route.fulfill({ status: 502, body: 'gone' }));
      await press(/^Revoke W/)(page);
      await pressInside(page, /^Revoke/);
      await page.getByRole('dialog').getByRole('alert').waitFor();
    },
  },
  {
    name: 'signing out everywhere',
    source: 'pages/access/session-list.tsx',
    path: '/access',
    open: press('Sign out everywhere'),
  },
  {
    name: 'revealing columns',
    source: 'pages/rows/reveal-dialog.tsx',
    path: `/backups/${BACKUP}/tables/staff`,
    open: press(/^Show .* columns$/),
  },
  {
    name: 'one row',
    source: 'pages/rows/row-details.tsx',
    path: `/backups/${BACKUP}/tables/staff`,
    open: press(/^Open row/),
  },
  {
    name: 'leaving while a file is on its way',
    source: 'pages/restore/leave-dialog.tsx',
    path: '/restore',
    async open(page) {
      await page.route('**/api/uploads/tus/**', () => undefined);
      const content = '{"metadata":{"timestamp":"2026-11-20T08:00:00Z","createdBy":"maria"},"data":{}}';
      const file = { name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(content) };
      await page.locator('input[type=file]').setInputFiles(file);
      await press('Upload file')(page);
      await page.getByRole('button', { name: 'Pause' }).waitFor();
      await page.getByRole('link', { name: 'Backups', exact: true }).first().press('Enter');
    },
    async close(page) {
      await pressInside(page, 'Leave');
      await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
    },
  },
  {
    name: 'the menu of a backup',
    source: 'ui/menu.tsx',
    path: '/backups',
    role: 'menu',
    open: MENU_OF_A_BACKUP,
  },
  {
    name: 'the menu of the account',
    source: 'shell/account-menu.tsx',
    path: '/backups',
    role: 'menu',
    open: press(/^Signed in as/),
  },
  {
    name: 'more places',
    source: 'shell/more-menu.tsx',
    path: '/backups',
    role: 'list',
    open: press('More'),
  },
];

const panel = withPanelServer({ stored: 12 }, (panel) => panel.makeBackup(BACKUP.slice(0, -4)));

/** Finds whatever is open over the page. */
function overlay(page: Page, role: Over['role']): Locator {
  if (role === 'list') return page.getByRole('button', { name: 'More' }).locator('xpath=following-sibling::ul');
  return page.getByRole(role ?? 'dialog');
}

/** Returns what of it cannot be reached or read. */
async function faultsOf(box: Locator): Promise<string[]> {
  const faults: string[] = [];
  const reachable = box.locator(
    'button, a[href], input, select, textarea, summary, [role^=menuitem], section[tabindex="0"]',
  );
  for (const one of await reachable.all()) {
    if (!(await one.isVisible())) continue;
    await one.scrollIntoViewIfNeeded();
    const fault = await one.evaluate((element) => {
      const { left, right, top, bottom, height } = element.getBoundingClientRect();
      // What is higher than the window scrolls by itself; its beginning has to come into sight.
      const low = height > innerHeight ? top + 1 : bottom;
      const isInside = left >= 0 && right <= innerWidth && top >= -1 && low <= innerHeight + 1;
      const over = document.elementFromPoint((left + right) / 2, (top + Math.min(bottom, innerHeight)) / 2);
      const isFree =
        over !== null && (element.contains(over) || over.contains(element) || element.closest('label')?.contains(over));
      const name = element.getAttribute('aria-label') ?? element.textContent ?? '';
      return isInside && isFree
        ? null
        : `${element.tagName} “${name.slice(0, 40)}” ${JSON.stringify({ left, right, top, bottom })}`;
    });
    if (fault !== null) faults.push(fault);
  }
  const cut = await box.evaluate((whole) =>
    [whole, ...whole.querySelectorAll('*')]
      .filter(
        (element) => element.checkVisibility() && !element.closest('.sr-only') && !element.matches('input, svg, svg *'),
      )
      .filter((element) => {
        const isCut =
          getComputedStyle(element).overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
        const { left, right } = element.getBoundingClientRect();
        return isCut || (right > left && (left < -1 || right > innerWidth + 1));
      })
      .map((element) => `${element.tagName} is cut: “${element.textContent?.trim().slice(0, 60)}”`),
  );
  return [...faults, ...cut];
}

test('every dialog and menu is among those that are looked at', async () => {
  const web = join(import.meta.dir, '..');
  const opening: string[] = [];
  for (const path of await readdir(web, { recursive: true })) {
    if (!path.endsWith('.tsx') || path === 'ui/modal.tsx') continue;
    if (
      /<Modal\b|DropdownMenu\.Content|aria-expanded=\{open\(\)\}\s+aria-controls=\{id\}\s+aria-label/.test(
        await Bun.file(join(web, path)).text(),
      )
    )
      opening.push(path);
  }
  expect([...new Set(ALL.map(({ source }) => source))].toSorted()).toEqual(opening.toSorted());
});

describe.skipIf(WITHOUT_BROWSER)('at 400 % zoom', () => {
  test('every dialog and menu can be used: whatever is pressed comes into sight, and nothing is cut', async () => {
    await using browser = await panel().open({ viewport: ZOOMED });
    const { page } = browser;
    await browser.signIn('/');
    const wrong: unknown[] = [];
    for (const { name, path, role, open, close } of ALL) {
      await arrive(page, path);
      await open(page);
      const box = overlay(page, role);
      await box.waitFor();
      for (const fault of await faultsOf(box)) wrong.push([name, fault]);
      if ((await overflow(page)) > 0) wrong.push([name, 'the page is wider than the window']);
      if (close) await close(page);
      else await page.keyboard.press('Escape');
      await box.waitFor({ state: 'hidden' });
    }
    expect(wrong).toEqual([]);
  });
});
