import { expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PASSWORD, staged, WITHOUT_BROWSER } from './stage.fixture.ts';

const NAME = 'by-keys';

const scene = staged();

/** Presses Tab until the focus is on what is wanted. */
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

// One journey, in the order a person goes: each step needs the one before it.
test.skipIf(WITHOUT_BROWSER)('a backup is made, restored from and deleted by keys alone', async () => {
  await using visit = await scene().open();
  const { page } = visit;
  await visit.signIn('/');
  await tabTo(page, 'link', 'Backups');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
  await page.getByText('No backup yet').waitFor();
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
  // What is typed before the menu has the focus is nobody's.
  await page.waitForFunction(() => document.activeElement?.closest('[role=menu]') != null);
  await page.keyboard.type('Rest');
  await page.waitForFunction(() => document.activeElement?.textContent?.includes('Restore …'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Restore', level: 1 }).waitFor();
  await tabTo(page, 'textbox', /^Type the name of the database/);
  await page.keyboard.type(scene().database.name);
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
  await page.getByText('No backup yet').waitFor();
  expect(await Bun.file(join(scene().folder, `${NAME}.zip`)).exists()).toBe(false);
});
