import { describe, expect, test } from 'bun:test';
import { mkdir, rename, rm } from 'node:fs/promises';
import { type BrowserSession, overflow, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const panel = withPanelServer();

/** Opens the status page and waits for every check. */
async function openStatus(browser: BrowserSession): Promise<void> {
  await browser.goto('/status');
  await browser.page.getByRole('heading', { name: 'Status', level: 1 }).waitFor();
  await browser.page
    .locator('[data-check="Clocks"]')
    .getByText('This could not be checked')
    .waitFor({ state: 'detached' });
  await browser.page.locator('[data-check="Clocks"]').waitFor();
}

/** Returns the text of one check, its state first. */
async function checkOf({ page }: BrowserSession, name: string): Promise<string> {
  const check = page.locator(`[data-check="${name}"]`);
  const texts = await check.locator('p').allTextContents();
  return [texts.at(-1), ...texts.slice(1, -1)].map((text) => text?.trim()).join(' | ');
}

describe.skipIf(WITHOUT_BROWSER)('the status', () => {
  test('says of everything how it is, and an unknown table, a missing one and a lost storage are each told with what to do', async () => {
    await using browser = await panel().open();
    await browser.signIn();
    await openStatus(browser);
    expect(await checkOf(browser, 'Database')).toMatch(/^Good \| PostgreSQL \d+/);
    expect(await checkOf(browser, 'Tables')).toMatch(
      /^Good \| All \d+ protected tables exist, and there are no unknown ones\.$/,
    );
    expect(await checkOf(browser, 'Palace Backup’s own tables')).toBe('Good | Up to date.');
    expect(await checkOf(browser, 'Worker')).toBe('Good | Connected; nothing is waiting.');
    expect(await checkOf(browser, 'Storage')).toStartWith(`Good | Writable. ${panel().stored} backups`);
    expect(await checkOf(browser, 'Last good backup')).toMatch(
      panel().stored === 0 ? /^Problem \| There is no backup that can be restored\./ : /^Problem \| nightly_/,
    );
    expect(await checkOf(browser, 'Clocks')).toBe('Good | This computer and the server agree.');
    await browser.page.getByRole('heading', { name: '1 problem.' }).waitFor();
    await browser.page.getByRole('row', { name: /^staff 30 / }).waitFor();

    await panel().database.query('CREATE TABLE public.nobody_knows (); ALTER TABLE public.loans RENAME TO lent');
    await mkdir(panel().folder, { recursive: true });
    await rename(panel().folder, `${panel().folder}.gone`);
    await Bun.write(panel().folder, 'a file where the folder was');
    try {
      await openStatus(browser);
      expect(await checkOf(browser, 'Tables')).toMatch(
        /^Problem \| Tables .*missing from the database: loans\. \| Run the migrations/,
      );
      expect(await checkOf(browser, 'Storage')).toMatch(/^Problem \| /);
      await panel().database.query('ALTER TABLE public.lent RENAME TO loans');
      await openStatus(browser);
      expect(await checkOf(browser, 'Tables')).toMatch(/^Attention \| .*: nobody_knows\. \| Add them/);
    } finally {
      await rm(panel().folder);
      await rename(`${panel().folder}.gone`, panel().folder);
      await panel().database.query('DROP TABLE public.nobody_knows');
    }
  });

  test('a computer whose clock is wrong is told so', async () => {
    await using browser = await panel().open();
    await browser.page.addInitScript(() => {
      const real = Date.now.bind(Date);
      Date.now = () => real() - 3_600_000;
    });
    await browser.signIn();
    await openStatus(browser);
    expect(await checkOf(browser, 'Clocks')).toMatch(/^Problem \| This computer is (1 h|59 min 59 s|1 h 0 min) behind/);
  });

  test('all of it is copied for a report, and the password of the database is not in it', async () => {
    await using browser = await panel().open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page, consoleErrors } = browser;
    await browser.signIn();
    await openStatus(browser);
    await page.getByRole('button', { name: 'Copy report' }).click();
    await page.getByText('Report copied. It contains no secrets.').waitFor({ state: 'attached' });
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toContain('[Good] Database: PostgreSQL');
    expect(report).toContain(`[Problem] Last good backup: ${panel().stored === 0 ? 'There is no backup' : 'nightly_'}`);
    expect(report).toContain('public.staff: 30');
    for (const process of ['server', 'worker'])
      expect(report).toMatch(new RegExp(`^Memory of the ${process}: [\\d.]+ [MG]iB of at most [\\d.]+ [MG]iB$`, 'm'));
    expect(report).not.toContain(panel().folder);
    const { password } = new URL(panel().database.url);
    expect(password).not.toBe('');
    expect(report).not.toContain(password);
    expect(consoleErrors).toEqual([]);
  });

  test('has nothing axe-core finds in either theme, and fits into 360 pixels', async () => {
    await using browser = await panel().open({
      reducedMotion: 'reduce',
      viewport: { width: 360, height: 740 },
    });
    await browser.signIn();
    await openStatus(browser);
    expect(await browser.accessibilityFaultsInBothThemes()).toEqual([]);
    expect(await overflow(browser.page)).toBe(0);
    expect(browser.consoleErrors).toEqual([]);
  });
});
