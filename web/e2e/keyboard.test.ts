import { expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const NAME = 'by-keys';

const panel = withPanelServer();

/** Presses Tab until the wanted element has the focus. */
async function tabTo(
  page: Page,
  role: 'link' | 'button' | 'textbox' | 'menuitem',
  name: string | RegExp,
): Promise<void> {
  const wanted = page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first();
  await wanted.waitFor();
  for (let patience = 60; patience > 0; patience--) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`nobody comes to “${name}” by Tab`);
}

async function focusInDialog(page: Page): Promise<void> {
  await page.getByRole('dialog').waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]') != null);
}

// One journey in a person's order: each step needs the one before it.
test.skipIf(WITHOUT_BROWSER)('a backup is made, restored from and deleted by keys alone', async () => {
  await using browser = await panel().open();
  const { page } = browser;
  await browser.signIn('/');
  await tabTo(page, 'link', 'Backups');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
  const without = panel().stored === 0 ? 'No backup yet' : `${panel().stored} backups`;
  await page.getByText(without).waitFor();
  await tabTo(page, 'button', 'Create backup');
  await page.keyboard.press('Enter');
  await focusInDialog(page);
  await tabTo(page, 'textbox', 'Name');
  await page.keyboard.type(NAME);
  await page.keyboard.press('Enter');
  await page.getByText('Backup complete.').waitFor();

  await page
    .getByRole('list', { name: 'Stored backups' })
    .getByRole('link', { name: `${NAME}.zip`, exact: true })
    .waitFor();
  await tabTo(page, 'button', `Actions for ${NAME}.zip`);
  await page.keyboard.press('Enter');
  // Keys pressed before the menu has the focus are lost.
  await page.waitForFunction(() => document.activeElement?.closest('[role=menu]') != null);
  await page.keyboard.type('Rest');
  await page.waitForFunction(() => document.activeElement?.textContent?.includes('Restore …'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Restore', level: 1 }).waitFor();
  await tabTo(page, 'textbox', /^Type the name of the database/);
  await page.keyboard.type(panel().database.name);
  const password = page.getByLabel('Confirm your password');
  if (await password.isVisible()) {
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
  }
  await page.keyboard.press('Enter');
  await page.getByText('Restore complete.').waitFor();

  await tabTo(page, 'link', 'Backups');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
  await tabTo(page, 'link', `${NAME}.zip`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `${NAME}.zip`, level: 1 }).waitFor();
  await tabTo(page, 'button', 'Delete …');
  await page.keyboard.press('Enter');
  await focusInDialog(page);
  await tabTo(page, 'textbox', `To confirm, type ${NAME}.zip`);
  await page.keyboard.type(`${NAME}.zip`);
  if (await password.isVisible()) {
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
  }
  await page.keyboard.press('Enter');
  await page.getByText(without).waitFor();
  expect(await Bun.file(join(panel().folder, `${NAME}.zip`)).exists()).toBe(false);
});

test.skipIf(WITHOUT_BROWSER)(
  'pages, actions and backups are one list away, by keys that mean nothing to who types',
  async () => {
    await panel().makeBackup('first');
    await using browser = await panel().open();
    const { page } = browser;
    const list = page.getByRole('dialog', { name: 'Go to …' });
    const field = list.getByRole('combobox');
    const focused = (name: string) =>
      page.waitForFunction((wanted) => document.activeElement?.textContent?.trim() === wanted, name);
    const openBy = async (keys: string) => {
      await page.keyboard.press(keys);
      await field.and(page.locator(':focus')).waitFor();
    };
    await browser.signIn('/status');
    // This page has no search.
    await openBy('/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') != null)).toBe(true);
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });

    await openBy('Control+k');
    await page.keyboard.type('first');
    const option = list.getByRole('option', { name: /first\.zip/ });
    await option.and(page.locator('[aria-selected=true]')).waitFor();
    expect(await field.getAttribute('aria-activedescendant')).toBe(await option.getAttribute('id'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'first.zip', level: 1 }).waitFor();
    await focused('first.zip');

    await openBy('Control+k');
    await page.keyboard.type('back');
    await page.keyboard.press('ArrowDown');
    await list.getByRole('option', { name: 'Create backup' }).and(page.locator('[aria-selected=true]')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Create a backup' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('/');
    const search = page.getByLabel('Search').and(page.locator(':focus'));
    await search.waitFor();
    await page.keyboard.type('a/b');
    await page.keyboard.press('Control+k');
    expect(await search.inputValue()).toBe('a/b');
    expect(await page.getByRole('dialog').count()).toBe(0);

    await page.getByRole('button', { name: 'Go to …' }).click();
    await field.and(page.locator(':focus')).waitFor();
    await list.getByRole('option', { name: 'Turn off the / key for search' }).click();
    await list.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Go to …' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('/');
    expect(await search.count()).toBe(0);
    expect(await list.count()).toBe(0);
  },
);

test.skipIf(WITHOUT_BROWSER)('on a phone the bar at the lower edge covers nothing that has the focus', async () => {
  await using browser = await panel().open({ viewport: { width: 390, height: 600 } });
  const { page } = browser;
  await panel().makeBackup('phone');
  const covered: string[] = [];
  for (const path of ['/backups/phone.zip', '/access']) {
    await browser.signIn(path);
    await page.waitForFunction(() => !document.querySelector('.skeleton'));
    for (let at: string | null = ''; at !== null; ) {
      await page.keyboard.press('Tab');
      at = await page.evaluate(() => {
        const { activeElement: element } = document;
        if (!element || element === document.body) return null;
        const bar = document.querySelector('header nav')?.getBoundingClientRect().top ?? innerHeight;
        const isUnder = element.closest('main') !== null && element.getBoundingClientRect().bottom > bar;
        return isUnder ? (element.textContent ?? '') : '';
      });
      if (at) covered.push(`${path}: ${at}`);
    }
  }
  expect(covered).toEqual([]);
});

test.skipIf(WITHOUT_BROWSER)('a backup that is not there is not tried for again', async () => {
  await using browser = await panel().open();
  await browser.signIn('/backups/nothing.zip');
  await browser.page.getByRole('alert').getByText('There is no backup').waitFor();
  expect(await browser.page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
});
