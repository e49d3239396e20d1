import { describe, expect, test } from 'bun:test';
import { openSession } from '../../db/connect/session.ts';
import { BAD_GATEWAY, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const panel = withPanelServer({}, (panel) => panel.makeBackup('kept'));

describe.skipIf(WITHOUT_BROWSER)('a change that shows at once', () => {
  test('goes back when the server refuses it, and the refusal is told', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/kept.zip');
    const answers: (() => void)[] = [];
    await page.route(/\/trpc\/backups\.(pin|annotate)/, async (route) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      await route.fulfill(BAD_GATEWAY);
    });
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    // Shown before the server has answered.
    await page.getByText('Pinned', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Unpin' }).waitFor();
    expect(answers.length).toBe(1);
    answers[0]?.();
    await page.getByRole('alert').getByText('The server answered 502').waitFor();
    await page.getByText('Pinned', { exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Pin', exact: true }).waitFor();

    await page.getByRole('button', { name: 'Add note' }).click();
    await page.getByRole('textbox', { name: 'Note' }).fill('Not to be lost');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForFunction(() => document.querySelector('form [aria-busy=true]') !== null);
    answers[1]?.();
    await page.getByRole('alert').getByText('The server answered 502').waitFor();
    // The typed text is still there to be sent again.
    expect(await page.getByRole('textbox', { name: 'Note' }).inputValue()).toBe('Not to be lost');
    await page.unroute(/\/trpc\/backups\.(pin|annotate)/);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Not to be lost').waitFor();
  });

  test('of another kind, asked for before the first is done, is done after it', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/kept.zip');
    const pinning = Promise.withResolvers<void>();
    await page.route('**/trpc/backups.pin**', async (route) => {
      await pinning.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByRole('button', { name: 'Unpin' }).waitFor();
    await page.getByRole('button', { name: /(Add|Edit) note/ }).click();
    await page.getByRole('textbox', { name: 'Note' }).fill('While it was pinned');
    await page.getByRole('button', { name: 'Save' }).click();
    pinning.resolve();
    await page.getByText('Note saved.').waitFor({ state: 'attached' });
    await page.reload();
    await page.getByText('While it was pinned').waitFor();
    await page.getByRole('button', { name: 'Unpin' }).click();
    await page.getByText('Unpinned.').waitFor({ state: 'attached' });
  });

  test('leaves the focus where it was: the row of the list stays the row it is', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups');
    const list = page.getByRole('list', { name: 'Stored backups' });
    await list.getByRole('link', { name: 'kept.zip', exact: true }).waitFor();
    await list
      .locator('li')
      .filter({ hasText: 'kept.zip' })
      .evaluate((row) => row.setAttribute('data-same', 'yes'));
    await page.getByRole('button', { name: 'Actions for kept.zip' }).click();
    await page.getByRole('menuitem', { name: 'Pin' }).click();
    await list.getByText('Pinned', { exact: true }).waitFor();
    expect(await list.locator('li[data-same]').count()).toBe(1);
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for kept.zip');
  });

  test('of somebody else, as an operation that begins, takes the focus from nobody who types', async () => {
    await using browser = await panel().open();
    await using other = await panel().open();
    const { page } = browser;
    await browser.signIn('/operations');
    await other.signIn();
    await page.getByLabel('Kind').focus();
    // Another session locks a table, so that the operation runs long enough.
    await using neighbour = await openSession(panel().database.url, {
      applicationName: 'neighbour',
      signal: AbortSignal.timeout(120_000),
    });
    await neighbour.query('BEGIN');
    await neighbour.query('LOCK TABLE public.staff IN ACCESS EXCLUSIVE MODE');
    await other.goto('/backups');
    await other.page.getByRole('button', { name: 'Create backup' }).first().click();
    await other.page.getByLabel('Name').fill('elsewhere');
    await other.page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    await page.getByRole('article', { name: 'Backup to elsewhere.zip' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
    await neighbour.query('ROLLBACK');
    await page.getByText('Backup complete.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
  });
});

describe.skipIf(WITHOUT_BROWSER)('a clock that is wrong', () => {
  for (const years of [-3, 3]) {
    test(`by ${years} years keeps nobody from signing in, making a backup and following it to its end`, async () => {
      await using browser = await panel().open();
      const { page, consoleErrors } = browser;
      await page.clock.setSystemTime(new Date(Date.now() + years * 365 * 86_400_000));
      await browser.signIn('/backups');
      await page.getByRole('button', { name: 'Create backup' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
      await page.getByText('Backup complete.').waitFor();
      expect(consoleErrors).toEqual([]);
    });
  }
});
