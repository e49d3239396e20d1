import { describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { arrive, NOWHERE } from './arrive.fixture.ts';
import {
  type BrowserSession,
  EMAIL,
  overflow,
  PASSWORD,
  WITHOUT_BROWSER,
  withPanelServer,
} from './panel-server.fixture.ts';

const PAGES = [
  ['/', 'Overview'],
  ['/backups', 'Backups'],
  ['/backups/first.zip', 'first.zip'],
  ['/backups/first.zip/tables/staff', 'staff'],
  ['/restore?backup=first.zip', 'Restore'],
  ['/operations', 'Operations'],
  ['/operations?state=failed', 'Operations'],
  ['/restore', 'Restore'],
  ['/audit', 'Audit'],
  ['/access', 'Access'],
  ['/status', 'Status'],
  ['/break-glass', 'Emergency access'],
  ['/break-glass#code', 'Emergency access'],
  ['/nowhere', NOWHERE],
] as const;

/** Dialogs, menus and messages, each with its page and the way to open it. */
const STATES: [name: string, path: string, open: (page: Page) => Promise<unknown>][] = [
  [
    'making a backup of some tables, none chosen',
    '/backups',
    async (page) => {
      await page.getByRole('button', { name: 'Create backup' }).first().click();
      await page.getByLabel('Only some').check();
      await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
      await page.getByText('Choose at least one table.').waitFor();
    },
  ],
  [
    'deleting, wrongly named',
    '/backups/few.zip',
    async (page) => {
      await page.getByRole('button', { name: 'Delete …' }).click();
      await page.getByRole('button', { name: 'Delete permanently' }).click();
      await page.getByText('That is not the name of the backup.').waitFor();
    },
  ],
  [
    'deleting several, not confirmed',
    '/backups',
    async (page) => {
      await page.getByLabel('Select all shown').check();
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('Type exactly').waitFor();
    },
  ],
  [
    'noting',
    '/backups/few.zip',
    async (page) => {
      await page.getByRole('button', { name: 'Add note' }).click();
      await page.getByRole('textbox', { name: 'Note' }).waitFor();
    },
  ],
  [
    'what a backup holds, opened',
    '/backups/first.zip',
    async (page) => {
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  ],
  [
    'confirming a restore, wrongly',
    '/restore?backup=few.zip',
    async (page) => {
      await page.getByLabel('Only some tables').check();
      await page.getByLabel('admins', { exact: false }).first().check();
      await page.getByRole('button', { name: 'Replace live data' }).click();
      await page.getByText('That is not the name of the database.').waitFor();
    },
  ],
  [
    'a file refused',
    '/restore',
    async (page) => {
      const file = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from([0xff, 0xd8, 0xff]) };
      await page.locator('input[type=file]').setInputFiles(file);
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'a document chosen',
    '/restore',
    async (page) => {
      const text = '{"metadata":{"timestamp":"2026-11-20T08:00:00Z","createdBy":"maria","totalRecords":3},"data":{}}';
      const file = { name: 'mine.json', mimeType: 'application/json', buffer: Buffer.from(text) };
      await page.locator('input[type=file]').setInputFiles(file);
      await page.getByRole('button', { name: 'Upload file' }).waitFor();
    },
  ],
  [
    "the menu of a backup's row",
    '/backups',
    async (page) => {
      await page.getByRole('button', { name: 'Actions for first.zip' }).click();
      await page.getByRole('menuitem', { name: 'Download' }).waitFor();
    },
  ],
  [
    'the list of places, actions and backups',
    '/status',
    async (page) => {
      await page.getByRole('button', { name: 'Go to …' }).click();
      await page.getByRole('option', { name: /first\.zip/ }).waitFor();
    },
  ],
  [
    'the menu of the account',
    '/backups',
    async (page) => {
      await page.getByRole('button', { name: /Signed in as/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    },
  ],
  [
    'one operation',
    '/operations',
    async (page) => {
      await page
        .getByRole('list', { name: 'Operations' })
        .getByRole('link', { name: /first\.zip/ })
        .first()
        .click();
      await page.getByRole('heading', { name: 'About' }).waitFor();
    },
  ],
  [
    'no answer of the server',
    '/backups',
    async (page) => {
      await page.context().setOffline(true);
      await page.getByRole('link', { name: 'Operations' }).click();
      await page.getByText('The server does not answer. What you see').waitFor();
    },
  ],
];

// Few people: axe-core takes as long as there are rows, and all rows of a table are drawn alike.
const panel = withPanelServer({ staff: 10 }, async (panel) => {
  // For what opens over a page that itself is looked at with every table.
  await panel.makeBackup('few', ['admins', 'categories']);
  await panel.makeBackup('first');
});

test('every address the panel knows is among those that are looked at', async () => {
  const routes = await readFile(join(import.meta.dir, '../routes.tsx'), 'utf8');
  const known = [...routes.matchAll(/<Route path="([^"]+)"/g)].map(([, path = '']) => path);
  const looked = ['/sign-in', ...PAGES.map(([path]) => path.replace(/[?#].*/, ''))];
  const missing = known.filter((path) => {
    const fits = new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+').replace('*rest', '/.+')}$`);
    return !looked.some((one) => fits.test(one));
  });
  // One operation has no address known beforehand; it is looked at from the list.
  expect(missing).toEqual(['/operations/:id']);
});

describe.skipIf(WITHOUT_BROWSER)('every page', () => {
  /** Checks every state with axe-core in both themes, and its width. */
  function looker(browser: BrowserSession) {
    const found: Record<string, string[]> = {};
    return {
      async look(where: string): Promise<void> {
        const wide = await overflow(browser.page);
        found[where] = [
          ...(await browser.accessibilityFaultsInBothThemes()),
          ...(wide <= 0 ? [] : [`wider than the window: ${wide} pixels`]),
        ];
      },
      faults: () => Object.entries(found).filter(([, faults]) => faults.length > 0),
    };
  }

  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  for (const [what, how] of [
    ['has nothing axe-core finds in either theme', {}],
    ['fits into 360 pixels and has nothing axe-core finds there in either theme', phone],
  ] as const) {
    test(what, async () => {
      await using browser = await panel().open(how);
      const { page, consoleErrors } = browser;
      const { look, faults } = looker(browser);
      await browser.goto('/');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await look('/sign-in');
      await browser.signIn('/');
      for (const [path, title] of PAGES) {
        await arrive(page, path, title);
        await look(path);
      }
      expect(faults()).toEqual([]);
      expect(consoleErrors).toEqual([]);
      // Finds what is wrong in the dark theme alone, too.
      await page.getByRole('heading', { level: 1 }).evaluate((title) => {
        title.style.color = 'light-dark(#000, #222)';
      });
      expect(await browser.accessibilityFaultsInBothThemes()).toEqual([
        expect.stringMatching(/^in the dark theme, color-contrast: <h1/),
      ]);
    });

    test(`${what}, dialogs and what else opens over a page included`, async () => {
      await using browser = await panel().open(how);
      const { page } = browser;
      const { look, faults } = looker(browser);
      await browser.signIn('/');
      for (const [name, path, open] of STATES) {
        await arrive(page, path);
        await open(page);
        await look(name);
        // An overlay left open would cover the next page.
        await page.keyboard.press('Escape');
      }
      expect(faults()).toEqual([]);
    });
  }

  test('is reached, read and left by the keyboard alone', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
      });
    const tabTo = async (name: string) => {
      for (let patience = 40; patience > 0; patience--) {
        await page.keyboard.press('Tab');
        if ((await focused()) === name) return;
      }
      throw new Error(`nobody comes to “${name}” by Tab`);
    };
    await browser.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    // The first field already has the focus.
    await page.keyboard.type(EMAIL);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await tabTo('Backups');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await tabTo('Create backup');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]') != null);
    // The focus stays inside, and returns to where it came from.
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') != null)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Create backup');
    await tabTo('Actions for first.zip');
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Verify now' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for first.zip');
  });

  test('says that the server does not answer, and that it does again', async () => {
    await using browser = await panel().open();
    const { page, context } = browser;
    await browser.signIn('/');
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Operations' }).click();
    await page.getByText('The server does not answer. What you see may be out of date').waitFor();
    await context.setOffline(false);
    await page.getByText('The server does not answer. What you see may be out of date').waitFor({ state: 'detached' });
    await page.getByRole('list', { name: 'Operations' }).waitFor();
  });

  test('changes its colours at once where less motion is asked for', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/first.zip');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await page.evaluate(() => document.getAnimations().map((one) => one.constructor.name))).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  test('keeps the theme somebody chose, from the first paint on', async () => {
    await using browser = await panel().open({ colorScheme: 'light' });
    const { page } = browser;
    await browser.signIn('/');
    await page.getByRole('button', { name: /Signed in as/ }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await browser.goto('/backups');
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
  });
});
