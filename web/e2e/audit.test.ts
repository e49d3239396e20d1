import { describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import {
  type BrowserSession,
  EMAIL,
  overflow,
  PASSWORD,
  WITHOUT_BROWSER,
  withPanelServer,
} from './panel-server.fixture.ts';

const panel = withPanelServer();

/** Opens the audit page and waits for its rows. */
async function openAudit(browser: BrowserSession, search = ''): Promise<void> {
  await browser.goto(`/audit${search}`);
  await browser.page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
  await browser.page.waitForFunction(() => !document.querySelector('.skeleton'));
}

/** Signs in with a wrong password, and is refused. */
async function refusedSignIn(password: string): Promise<void> {
  const response = await fetch(`${panel().url}/trpc/auth.signIn`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: new URL(panel().url).origin },
    body: JSON.stringify({ email: EMAIL, password }),
  });
  expect(response.status).toBe(401);
}

describe.skipIf(WITHOUT_BROWSER)('the audit', () => {
  test('tells in plain words what was tried and refused, and the filter in the address finds it again', async () => {
    await refusedSignIn('wrong one');
    await panel().makeBackup('told-by-name');
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await browser.signIn();
    await openAudit(browser);
    const rows = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem');
    await rows.getByText('Signed in', { exact: true }).first().waitFor();
    // The subject stands in the line, before anybody opens it.
    await rows.getByRole('button').filter({ hasText: 'told-by-name' }).first().waitFor();
    await page.getByLabel('Outcome').selectOption({ label: 'Refused' });
    await page.waitForURL(/outcome=denied/);
    await page.waitForFunction(() => document.querySelector('main ul[aria-busy="false"]'));
    await rows.getByText('Refused: signing in').first().waitFor();
    expect(await rows.getByText('Signed in', { exact: true }).count()).toBe(0);
    await page.getByLabel('Search').fill('nothing like that');
    await page.getByRole('main').getByText('No matching entries').waitFor();
    const address = new URL(page.url());
    expect(Object.fromEntries(address.searchParams)).toEqual({ outcome: 'denied', search: 'nothing like that' });
    await page.getByRole('button', { name: 'Show all' }).click();
    await rows.getByText('Signed in', { exact: true }).first().waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');

    await openAudit(browser, `?outcome=denied&search=${EMAIL}`);
    await rows.getByText('Refused: signing in').first().waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe(EMAIL);
    expect(consoleErrors).toEqual([]);
  });

  test('days are those of the viewer: today holds what was just done, the day before does not', async () => {
    await using browser = await panel().open({ timezoneId: 'Pacific/Kiritimati' });
    const { page } = browser;
    await browser.signIn();
    const day = (days: number) =>
      page.evaluate((ahead) => {
        const at = new Date(Date.now() + ahead * 86_400_000);
        return [at.getFullYear(), at.getMonth() + 1, at.getDate()]
          .map((part) => String(part).padStart(2, '0'))
          .join('-');
      }, days);
    const [today, yesterday] = [await day(0), await day(-1)];
    await openAudit(browser, `?from=${today}&to=${today}`);
    await page.getByRole('list', { name: 'Audit log' }).getByText('Signed in', { exact: true }).first().waitFor();
    await openAudit(browser, `?to=${yesterday}`);
    await page.getByText('No matching entries').waitFor();
  });

  test('a row opens to all that is known of it, and stays open while something newer is shown', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await openAudit(browser);
    const first = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem').first();
    const opener = first.getByRole('button').first();
    await opener.click();
    await first.getByText('auth.signIn').waitFor();
    expect(await opener.getAttribute('aria-expanded')).toBe('true');
    await first.getByRole('button', { name: 'Copy the request ID' }).waitFor();
    const seal = await first.locator('code').last().textContent();
    expect(seal).toMatch(/^[0-9a-f]{64}$/);

    await refusedSignIn('another wrong one');
    const top = await opener.boundingBox();
    // Polled every ten seconds; until then nothing moves.
    await page.getByRole('button', { name: 'Show new entries' }).waitFor();
    expect(await opener.boundingBox()).toEqual(top);
    await page.getByRole('button', { name: 'Show new entries' }).click();
    await page.getByRole('list', { name: 'Audit log' }).getByText('Refused: signing in').first().waitFor();
    await page.locator('code', { hasText: seal ?? '' }).waitFor();
  });

  test('older ones are shown by a press, each once', async () => {
    for (let count = 0; count < 60; count++) {
      await fetch(`${panel().url}/trpc/system.status`);
    }
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await openAudit(browser, '?action=system.status');
    const rows = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem');
    expect(await rows.count()).toBe(50);
    await page.getByRole('button', { name: 'Show older entries' }).click();
    await page.getByRole('button', { name: 'Show older entries' }).waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(60);
  });

  test('the export holds, byte for byte, what the server gives for the same filter', async () => {
    await refusedSignIn('a wrong one for the export');
    await using browser = await panel().open();
    const { page, context } = browser;
    await browser.signIn();
    await openAudit(browser, '?action=auth.signIn&outcome=denied');
    await page.getByRole('link', { name: 'Export as CSV' }).click();
    await page
      .getByRole('dialog', { name: 'Confirm your password' })
      .getByLabel('Confirm your password')
      .fill(PASSWORD);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Continue' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^audit_\d{4}-\d\d-\d\d\.csv$/);
    const saved = await readFile(await download.path());
    const answer = await context.request.get('/api/audit.csv?action=auth.signIn&outcome=denied');
    expect(saved.equals(await answer.body())).toBe(true);
    expect(saved.toString()).toContain('auth.signIn,denied,UNAUTHENTICATED');
    expect(saved.toString()).not.toContain('allowed');
  });

  test('the record is checked: whole, and after somebody changed a row in the database, broken at that row', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await openAudit(browser);
    await page.getByRole('button', { name: 'Check the log' }).click();
    await page.getByText(/The log is intact: \d+ entries\./).waitFor();
    const [row] = await panel().database.query<{ actor: string }>(`SELECT actor FROM backup_system.audit WHERE id = 2`);
    const change = (actor: string) =>
      panel().database.query(
        `ALTER TABLE backup_system.audit DISABLE TRIGGER ALL;
         UPDATE backup_system.audit SET actor = '${actor}' WHERE id = 2;
         ALTER TABLE backup_system.audit ENABLE TRIGGER ALL`,
      );
    await change('somebody else');
    try {
      await page.getByRole('button', { name: 'Check the log' }).click();
      await page.getByText('The log is broken at entry 2. The 1 entry before it is intact.').waitFor();
    } finally {
      await change(row?.actor ?? '');
    }
  });

  test('has nothing axe-core finds in either theme, opened rows and the menu of places included', async () => {
    await using browser = await panel().open({
      reducedMotion: 'reduce',
      viewport: { width: 360, height: 740 },
    });
    const { page, consoleErrors } = browser;
    await browser.signIn();
    await openAudit(browser);
    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByRole('list', { name: 'Audit log' }).getByRole('button').first().click();
    await page.getByRole('button', { name: 'Check the log' }).click();
    await page.getByText(/The log is intact/).waitFor();
    expect(await browser.accessibilityFaultsInBothThemes()).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'Audit, and more places' }).click();
    await page.getByRole('link', { name: 'Status' }).waitFor();
    expect(await browser.accessibilityFaultsInBothThemes()).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });

  test('on a phone the places without room in the bar are reached by the keyboard, and the bar says where one is', async () => {
    await using browser = await panel().open({ viewport: { width: 360, height: 740 } });
    const { page } = browser;
    await browser.signIn('/');
    const focused = (name: string) =>
      page.waitForFunction(
        (wanted) =>
          (document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent) === wanted,
        name,
      );
    await page.getByRole('link', { name: 'Operations' }).focus();
    await page.keyboard.press('Tab');
    await focused('More');
    expect(await page.getByRole('link', { name: 'Audit' }).isVisible()).toBe(false);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Audit' }).waitFor();
    await page.keyboard.press('Tab');
    await focused('Audit');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Audit' }).waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Audit, and more places' }).click();
    expect(await page.getByRole('link', { name: 'Audit' }).getAttribute('aria-current')).toBe('page');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Audit' }).waitFor({ state: 'hidden' });
    await focused('Audit, and more places');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Status' }).waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('link', { name: 'Status' }).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Audit, and more places' }).click();
    await page.getByRole('link', { name: 'Status' }).waitFor();
    // A press elsewhere closes it.
    await page.getByRole('heading', { name: 'Audit', level: 1 }).click();
    await page.getByRole('link', { name: 'Status' }).waitFor({ state: 'hidden' });
  });
});
