import { describe, expect, test } from 'bun:test';
import { openRecords } from '../../db/system/records.ts';
import { createBreakGlassCode } from '../../server/security/sessions/break-glass.ts';
import {
  type BrowserSession,
  EMAIL,
  navigate,
  overflow,
  PASSWORD,
  WITHOUT_BROWSER,
  withPanelServer,
} from './panel-server.fixture.ts';

const panel = withPanelServer();

/** Opens the access page and waits for all of it. */
async function openAccess(browser: BrowserSession): Promise<void> {
  await browser.goto('/access');
  await browser.page.getByRole('heading', { name: 'Access', level: 1 }).waitFor();
  await browser.page.waitForFunction(() => !document.querySelector('.skeleton'));
}

/** Fills in the dialog, and gives the password if asked. */
async function makeToken({ page }: BrowserSession, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Create token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  const password = dialog.getByLabel('Confirm your password');
  if ((await password.count()) > 0) await password.fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Create token' }).click();
  await dialog.getByText('It is shown only once').waitFor();
  return (await dialog.locator('[data-token]').textContent()) ?? '';
}

/** Returns the API's status for this token. */
async function listBackups(token: string): Promise<number> {
  const response = await fetch(`${panel().url}/trpc/backups.list`, { headers: { Authorization: `Bearer ${token}` } });
  await response.body?.cancel();
  return response.status;
}

describe.skipIf(WITHOUT_BROWSER)('tokens', () => {
  test('one is made after the password, shown once, opens what its scopes say, and is refused once it is revoked', async () => {
    await using browser = await panel().open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page, consoleErrors } = browser;
    await browser.signIn();
    await openAccess(browser);
    await page.getByText('No tokens yet').waitFor();
    await page.getByRole('button', { name: 'Create token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await dialog.getByText('Give it a name').waitFor();
    // Sent from the end of a long form: the error scrolls into sight.
    expect(await dialog.getByLabel('Name').evaluate((field) => field === document.activeElement)).toBe(true);
    await dialog.getByLabel('Name').fill('night shift');
    await dialog.getByLabel('Confirm your password').fill('not it');
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await dialog.getByRole('alert').getByText('UNAUTHENTICATED').waitFor();
    await dialog.getByLabel('Confirm your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await dialog.getByText('It is shown only once').waitFor();
    const token = (await dialog.locator('[data-token]').textContent()) ?? '';

    // Neither a stray press beside it nor Escape closes it.
    await page.mouse.click(5, 5);
    await page.keyboard.press('Escape');
    await dialog.getByRole('button', { name: 'Copy the token' }).click();
    await dialog.getByRole('button', { name: 'Copied', exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    expect(await listBackups(token)).toBe(200);
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(token);

    const line = page.getByRole('list', { name: 'Tokens' }).getByRole('listitem').filter({ hasText: 'night shift' });
    await line.getByText('See backups, Create backups, Follow operations').waitFor();
    await line.getByRole('button', { name: 'Revoke night shift' }).click();
    await dialog.getByText('Whatever uses it is refused from its next request on.').waitFor();
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    // The line with the button that opened it is gone by then.
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await page.getByText('1 token that is no longer valid').click();
    await page.getByText(`Revoked by ${EMAIL}`).waitFor();
    expect(await listBackups(token)).toBe(401);
    // The browser may have logged the wrong password and nothing else.
    expect(consoleErrors.filter((text) => !text.includes('401'))).toEqual([]);
  });

  test('one that is shown this once stays when Back is pressed, and the browser asks before it closes', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    await page.getByRole('link', { name: 'Access', exact: true }).click();
    const token = await makeToken(browser, 'kept');
    await page.evaluate(() => {
      let moves = 0;
      addEventListener('popstate', () => {
        document.body.dataset['moves'] = String(++moves);
      });
      history.back();
    });
    // Back, and again to the place before.
    await page.waitForFunction(() => document.body.dataset['moves'] === '2');
    const dialog = page.getByRole('dialog');
    expect(await dialog.locator('[data-token]').textContent()).toBe(token);
    const asked = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    const question = await asked;
    expect(question.type()).toBe('beforeunload');
    await question.dismiss();
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  });

  test('a session that ended before one was made leads to sign in, and says why', async () => {
    await using browser = await panel().open();
    const { page, context } = browser;
    await browser.signIn();
    await openAccess(browser);
    await page.getByRole('button', { name: 'Create token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('late');
    const password = dialog.getByLabel('Confirm your password');
    if ((await password.count()) > 0) await password.fill(PASSWORD);
    await context.clearCookies();
    // At once, not at the page's next poll.
    const asked = page.waitForRequest((request) => request.url().includes('/trpc/auth.me'));
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await asked;
    await page.getByRole('main').getByText('Your session has ended. Sign in again.').waitFor();
    expect(new URL(page.url()).search).toBe('?to=%2Faccess');
  });

  test('what can do harm is marked, and a token does no more than was chosen', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await openAccess(browser);
    await page.getByRole('button', { name: 'Create token' }).click();
    const dialog = page.getByRole('dialog');
    const dangerous = await dialog.locator('label', { hasText: 'Dangerous' }).locator('.font-medium').allTextContents();
    expect(dangerous.filter((text) => text !== 'Dangerous').toSorted()).toEqual([
      'Delete backups',
      'Manage tokens',
      'Restore',
    ]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const token = await makeToken(browser, 'reader');
    const response = await fetch(`${panel().url}/trpc/audit.list`, { headers: { Authorization: `Bearer ${token}` } });
    expect(response.status).toBe(403);
  });

  test('the lines for curl work as they stand', async () => {
    await using browser = await panel().open();
    await browser.signIn();
    await openAccess(browser);
    const token = await makeToken(browser, 'curl');
    const line = (await browser.page.locator('figure', { hasText: 'With curl' }).locator('pre').textContent()) ?? '';
    const run = Bun.spawn(['sh', '-c', line], { env: { ...process.env, BACKUP_TOKEN: token }, stdout: 'pipe' });
    const answer = await new Response(run.stdout).json();
    expect(answer).toMatchObject({ result: { data: { success: true, data: { operation: { kind: 'backup' } } } } });
  });
});

describe.skipIf(WITHOUT_BROWSER)('sessions', () => {
  test('another session is ended, and that browser is led to sign in; this one stays', async () => {
    await using browser = await panel().open();
    await using other = await panel().open({
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1',
    });
    await other.signIn('/');
    await browser.signIn();
    const { page } = browser;
    await openAccess(browser);
    const sessions = page.getByRole('list', { name: 'Sessions' });
    await sessions.getByRole('listitem').filter({ hasText: 'This browser' }).getByText('Chromium on Linux').waitFor();
    await page.getByRole('button', { name: 'End the session of Safari on iPhone from 127.0.0.1' }).click();
    await sessions.getByText('Safari on iPhone').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    // That page may have noticed already, and have nothing left to press.
    await navigate(other.page, '/backups');
    await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await openAccess(browser);
  });

  test('signing out everywhere ends all of them, after a word', async () => {
    await using browser = await panel().open();
    await using other = await panel().open();
    await other.signIn('/');
    await browser.signIn();
    await openAccess(browser);
    await browser.page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await browser.page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await browser.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    // That page may have noticed already, and have nothing left to press.
    await navigate(other.page, '/backups');
    await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('who may see nothing here is told so on every one of these pages, and is shown no way there', async () => {
    const hash = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 });
    await panel().database.query(
      `INSERT INTO admins (id, email, password, "fullName", role, "updatedAt") VALUES ('plain', 'plain@owu.test', $1, 'A Person', 'HR_MANAGER', now())`,
      [hash],
    );
    await using browser = await panel().open();
    const { page } = browser;
    await browser.goto('/access');
    await page.getByLabel('E-mail').fill('plain@owu.test');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const refused = page.getByRole('heading', { name: 'No access', level: 1 });
    await refused.waitFor();
    for (const path of ['/access', '/audit', '/status']) {
      await browser.goto(path);
      await refused.waitFor();
      expect(await page.getByRole('navigation').count()).toBe(0);
    }
    await page.getByText('the role HR_MANAGER may not see this').waitFor();
    expect(await browser.accessibilityFaults()).toEqual([]);
  });
});

test.skipIf(WITHOUT_BROWSER)(
  'who came in by emergency access is shown the places that bring data back, and the status, and no others',
  async () => {
    const client = openRecords(panel().database.url, { connections: 1 });
    const { code } = await createBreakGlassCode({ records: client.records, now: () => new Date() }, 'the test');
    await client.close();
    await using browser = await panel().open({ viewport: { width: 360, height: 740 } });
    const { page } = browser;
    await browser.goto(`/break-glass#${code}`);
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByRole('heading', { name: 'Restore', level: 1 }).waitFor();
    const places = await page.getByRole('navigation').getByRole('link').allTextContents();
    expect(places).toEqual(['Overview', 'Backups', 'Restore', 'Operations', 'Status']);
    await browser.goto('/access');
    await page.getByText('the role BREAK_GLASS may not see this').waitFor();
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('heading', { name: 'Status', level: 1 }).waitFor();
    await page.locator('[data-check="Clocks"]').waitFor();
    expect(await overflow(page)).toBe(0);
  },
);

describe.skipIf(WITHOUT_BROWSER)('the page of access', () => {
  test('has nothing axe-core finds in either theme, its dialogs included, and fits into 360 pixels', async () => {
    await using browser = await panel().open({
      reducedMotion: 'reduce',
      viewport: { width: 360, height: 740 },
    });
    const { page, consoleErrors } = browser;
    await browser.signIn();
    await openAccess(browser);
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('dialog').waitFor();
    const found = { form: await browser.accessibilityFaultsInBothThemes() } as Record<string, string[]>;
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await makeToken(browser, `to be shown`);
    found['shown'] = await browser.accessibilityFaultsInBothThemes();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const revoke = page.getByRole('button', { name: `Revoke to be shown` });
    await revoke.waitFor();
    found['page'] = await browser.accessibilityFaultsInBothThemes();
    await revoke.click();
    await page.getByRole('dialog').waitFor();
    found['revoke'] = await browser.accessibilityFaultsInBothThemes();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('dialog').waitFor();
    found['everywhere'] = await browser.accessibilityFaultsInBothThemes();
    expect(Object.entries(found).filter(([, faults]) => faults.length > 0)).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });

  test('is used by the keyboard alone: a token is made, its focus kept, and given back at the end', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await openAccess(browser);
    const make = page.getByRole('button', { name: 'Create token' });
    await make.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.getByLabel('Name').focus();
    await page.keyboard.type('by keys');
    await page.getByLabel('Confirm your password').focus();
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Copy the token');
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') != null)).toBe(true);
    }
    await page.getByRole('button', { name: 'I have copied it' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Create token');
  });
});
