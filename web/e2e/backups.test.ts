import { describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { MANY_STORED, PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const panel = withPanelServer({ stored: MANY_STORED });

describe.skipIf(WITHOUT_BROWSER)('signing in', () => {
  test('a wrong password is said so, a right one leads back to where one was going, and the policy holds throughout', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await browser.goto('/backups?sort=size+asc');
    await page.getByLabel('E-mail').fill('superadmin@owu.example');
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('UNAUTHENTICATED').waitFor();
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
    expect(page.url()).toContain('/backups?sort=size');
    // The browser may have logged the refusal itself and nothing else.
    expect(consoleErrors.filter((text) => !text.includes('401'))).toEqual([]);
  });

  test('signing out ends the session: neither the page nor the back button shows anything', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    await page.getByRole('button', { name: /Signed in as/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await browser.goto('/backups');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});

/** Drops the first answer of a procedure, although the server carries out the order. */
async function loseFirstAnswer(page: Page, procedure: string): Promise<void> {
  let isLost = false;
  await page.route(`**/trpc/${procedure}**`, async (route) => {
    if (isLost) return route.continue();
    isLost = true;
    await route.fetch();
    await route.abort('connectionreset');
  });
}

describe.skipIf(WITHOUT_BROWSER)('backups', () => {
  test('one is made by two presses, its progress is followed to the end, and its bytes can be downloaded', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await browser.signIn('/');
    expect(await page.locator('[data-verdict]').getAttribute('data-verdict')).toBe('unsafe');
    await page.getByRole('link', { name: 'Backups', exact: true }).click();
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await page.getByLabel('Name').fill('by-hand');
    await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    await page.getByText('Backup complete.').waitFor();
    await page.getByRole('list', { name: 'Stored backups' }).getByText('by-hand.zip').waitFor();
    await page.getByRole('button', { name: 'Actions for by-hand.zip' }).click();
    await page.getByRole('menuitem', { name: 'Download' }).click();
    await page
      .getByRole('dialog', { name: 'Confirm your password' })
      .getByLabel('Confirm your password')
      .fill(PASSWORD);
    expect(await browser.accessibilityFaults()).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Continue' }).click(),
    ]);
    const saved = await readFile(await download.path());
    expect(saved.equals(await readFile(join(panel().folder, 'by-hand.zip')))).toBe(true);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.locator('[data-verdict="safe"]').waitFor();
    expect(consoleErrors).toEqual([]);
  });

  test('one whose answer was lost on the way is not made twice when the button is pressed again', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await loseFirstAnswer(page, 'backups.create');
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await page.getByLabel('Name').fill('once');
    await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    await page.getByRole('dialog').getByText('The server does not answer.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('list', { name: 'Stored backups' }).getByText('once.zip').waitFor();
    await browser.goto('/operations');
    const asked = page.getByRole('list', { name: 'Operations' }).getByText('Backup to once.zip');
    await asked.first().waitFor();
    expect(await asked.count()).toBe(1);
  });

  test('one whose answer was lost keeps its words and stays one, also when the dialog was closed meanwhile', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await loseFirstAnswer(page, 'backups.create');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await dialog.getByLabel('Only some').check();
    await dialog.getByRole('checkbox', { name: /audit_trails/ }).check();
    await dialog.getByLabel('Name').fill('kept');
    await dialog.getByRole('button', { name: 'Create backup' }).click();
    await dialog.getByText('The server does not answer.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await dialog.getByText('The server does not answer.').waitFor();
    expect(await dialog.getByLabel('Name').inputValue()).toBe('kept');
    expect(await dialog.getByRole('checkbox', { name: /audit_trails/ }).isChecked()).toBe(true);
    await dialog.getByRole('button', { name: 'Create backup' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('list', { name: 'Stored backups' }).getByText('kept.zip').waitFor();
    const [asked] = await panel().database.query(
      `SELECT count(*)::int AS n FROM backup_system.operations WHERE archive = 'kept.zip'`,
    );
    expect(asked?.['n']).toBe(1);
  });

  test('what was chosen for one is not chosen for the next: that one holds all tables again', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await dialog.getByLabel('Only some').check();
    await dialog.getByRole('checkbox', { name: /audit_trails/ }).check();
    await dialog.getByLabel('Smaller and faster').check();
    await dialog.getByLabel('Name').fill('one-table');
    await dialog.getByRole('button', { name: 'Create backup' }).click();
    await page.getByText('Backup complete.').waitFor();

    for (const leave of ['Cancel', 'Close']) {
      await page.getByRole('button', { name: 'Create backup' }).first().click();
      await dialog.waitFor();
      expect(await dialog.getByLabel('All tables').isChecked()).toBe(true);
      expect(await dialog.getByLabel('Opens anywhere').isChecked()).toBe(true);
      expect(await dialog.getByLabel('Name').inputValue()).toBe('');
      // A choice that was not ordered is gone, too.
      await dialog.getByLabel('Only some').check();
      expect(await dialog.getByRole('checkbox', { name: /audit_trails/ }).isChecked()).toBe(false);
      await dialog.getByLabel('Name').fill('never');
      await dialog.getByRole('button', { name: leave }).click();
      await dialog.waitFor({ state: 'detached' });
    }
  });

  test('a name is told beforehand what it may be, is refused for the right reason, and is never too long', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('If left empty').waitFor();
    await dialog.getByLabel('Name').fill('März Lohn & Gehalt');
    await dialog.getByRole('button', { name: 'Create backup' }).click();
    await dialog.getByText('No spaces or accents').waitFor();
    await dialog.getByLabel('Name').fill('payroll.json');
    await dialog.getByText('Leave out .json').waitFor();
    await dialog.getByLabel('Name').fill('');
    await page.keyboard.insertText('a'.repeat(200));
    const name = await dialog.getByLabel('Name').inputValue();
    expect(name).toBe('a'.repeat(191));
    await dialog.getByRole('button', { name: 'Create backup' }).click();
    await page
      .getByRole('list', { name: 'Stored backups' })
      .getByRole('link', { name: `${name}.zip`, exact: true })
      .waitFor();
  });

  test('a page that is loaded again half-way shows the same operation and its end, and a waiting one can be cancelled', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    // A table locked by another session holds the backup back.
    await panel().database.query('BEGIN; LOCK TABLE public.staff IN ACCESS EXCLUSIVE MODE');
    try {
      await page.getByRole('button', { name: 'Create backup' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
      const card = page.locator('[data-operation]').first();
      await card.getByText('Running').waitFor();
      const id = await card.getAttribute('data-operation');
      // Another tab, which has not seen it, orders the same backup.
      const tab = await browser.context.newPage();
      await tab.goto('/backups');
      await tab.getByRole('button', { name: 'Create backup' }).first().click();
      await tab.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
      await tab
        .getByRole('alert')
        .getByText('The same backup, asked for by superadmin@owu.example, is running.')
        .waitFor();
      await tab.getByRole('button', { name: 'Create another one' }).waitFor();
      await tab.close();
      await page.reload();
      const again = page.locator(`[data-operation="${id}"]`);
      await again.getByRole('progressbar').waitFor();
      await page.getByRole('button', { name: 'Create backup' }).first().click();
      await page.getByLabel('Name').fill('never');
      await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
      const second = page.locator('[data-operation]').filter({ hasNot: page.locator(`[href="/operations/${id}"]`) });
      await second.getByRole('button', { name: 'Cancel backup' }).click();
      await second.getByText('Cancelled', { exact: true }).waitFor();
      await panel().database.query('COMMIT');
      await again.getByText('Backup complete.').waitFor();
      expect(await page.getByText('never.zip').count()).toBeLessThanOrEqual(1);
    } finally {
      await panel().database.query('ROLLBACK');
    }
  });

  test('one is pinned and noted, and deleted only after its name and the password were typed', async () => {
    await panel().makeBackup('to-go');
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/to-go.zip');
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByRole('button', { name: 'Delete …' }).click();
    await page.getByRole('dialog').getByText('It is pinned.').waitFor();
    await page.keyboard.press('Escape');
    // A note saved while another action runs stays in sight until it is saved, too.
    const under = Promise.withResolvers<void>();
    await page.route('**/trpc/backups.unpin**', async (route) => {
      await under.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Unpin' }).click();
    await page.getByRole('button', { name: 'Add note' }).click();
    await page.getByRole('textbox', { name: 'Note' }).fill('Before the move');
    await page.getByRole('button', { name: 'Save' }).press('Enter');
    expect(await page.getByRole('textbox', { name: 'Note' }).inputValue()).toBe('Before the move');
    under.resolve();
    await page.getByText('Note saved.').waitFor({ state: 'attached' });
    const focused = (name: string) =>
      page.waitForFunction((wanted) => document.activeElement?.textContent?.trim() === wanted, name);
    await focused('Edit note');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Note' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await focused('Edit note');

    await page.getByRole('button', { name: 'Delete …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Delete permanently' }).click();
    await dialog.getByText('That is not the name of the backup.').waitFor();
    await dialog.getByLabel('To confirm, type to-go.zip').fill('to-go.zip');
    await dialog.getByLabel('Confirm your password').fill('not it');
    await dialog.getByRole('button', { name: 'Delete permanently' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(await Bun.file(join(panel().folder, 'to-go.zip')).exists()).toBe(true);
    await dialog.getByLabel('Confirm your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Delete permanently' }).click();
    await page.getByRole('heading', { name: 'Backups', level: 1 }).waitFor();
    await page.getByRole('list', { name: 'Stored backups' }).waitFor();
    expect(await page.getByRole('link', { name: 'to-go.zip', exact: true }).count()).toBe(0);
    expect(await Bun.file(join(panel().folder, 'to-go.zip')).exists()).toBe(false);
  });
});
