import { describe, expect, test } from 'bun:test';
import { openSession } from '../../db/connect/session.ts';
import { byteCutter } from '../../server/api/byte-cutter.fixture.ts';
import { recordAnnouncements } from './announcements.fixture.ts';
import { BAD_GATEWAY, EMAIL, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const panel = withPanelServer();

describe.skipIf(WITHOUT_BROWSER)('a lost connection', () => {
  test('in the middle of an operation is said, and made again: the progress goes on from there, to the end', async () => {
    await using line = await byteCutter(panel().url);
    await using browser = await panel().open({ baseURL: line.url });
    const { page } = browser;
    await browser.signIn('/backups');
    // Another session locks a table, and the backup waits for it.
    await using neighbour = await openSession(panel().database.url, {
      applicationName: 'neighbour',
      signal: AbortSignal.timeout(120_000),
    });
    await neighbour.query('BEGIN');
    await neighbour.query('LOCK TABLE public.staff IN ACCESS EXCLUSIVE MODE');
    await page.getByRole('button', { name: 'Create backup' }).first().click();
    await page.getByLabel('Name').fill('through');
    await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    const card = page.getByRole('article', { name: 'Backup to through.zip' });
    await card.getByText('Running').waitFor();

    line.shut();
    await card.getByText('Reconnecting. Whether the work goes on').waitFor();
    line.reopen();
    await card.getByText('Reconnecting').waitFor({ state: 'detached' });
    await card.getByText('Running').waitFor();

    // The second time it ends while the connection is lost.
    line.shut();
    await card.getByText('Reconnecting. Whether the work goes on').waitFor();
    await neighbour.query('ROLLBACK');
    await ended('through.zip');
    await card.getByText('Running').first().waitFor();
    line.reopen();
    await page.getByRole('region', { name: 'Finished operations' }).getByText('Backup complete.').waitFor();
  });

  test('is in sight however far one has scrolled, hides nothing that has the focus, and its end is told', async () => {
    await using line = await byteCutter(panel().url);
    await using browser = await panel().open({ baseURL: line.url, viewport: { width: 360, height: 560 } });
    const { page } = browser;
    await browser.signIn('/');
    await page.getByRole('button', { name: 'Create backup' }).first().waitFor();
    const verdict = page.getByRole('main').locator('[data-verdict]');
    const level = await verdict.getAttribute('data-verdict');
    expect(['safe', 'soon', 'unsafe']).toContain(level ?? '');
    const heard = await recordAnnouncements(page);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    line.shut();
    const banner = page.getByText('The server does not answer. What you see');
    await banner.waitFor();
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0);
    const bottom = await banner.evaluate((element) => element.getBoundingClientRect().bottom);
    expect(bottom).toBeLessThan(120);
    expect((await banner.boundingBox())?.y).toBe(0);
    // No colour for a state that nobody can see.
    await page.getByText(/^As of \d\d:\d\d: /).waitFor();
    expect(await verdict.getAttribute('data-verdict')).toBe('unknown');

    const [before, after] = await page
      .getByRole('button', { name: 'Create backup' })
      .first()
      .evaluate((element) => {
        const top = () => element.getBoundingClientRect().top;
        scrollBy(0, top() - 5);
        const hidden = top();
        element.focus();
        return [hidden, top()];
      });
    expect(before).toBeLessThan(bottom);
    expect(after).toBeGreaterThanOrEqual(bottom);

    line.reopen();
    await banner.waitFor({ state: 'detached' });
    await page.locator(`[data-verdict="${level}"]`).waitFor();
    await heard.waitFor('The server answers again.');
    expect(new Set(await heard.all())).toEqual(new Set(['The server answers again.']));
  });

  test('keeps nobody from the page they were on the way to, although nothing of it was loaded', async () => {
    await using browser = await panel().open();
    const { page, context } = browser;
    await browser.signIn('/');
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    const banner = page.getByText('The server does not answer. What you see');
    await banner.waitFor();
    await page.getByRole('link', { name: 'Status', exact: true }).click();
    await context.setOffline(false);
    await page.getByRole('heading', { name: 'Status', level: 1 }).waitFor();
    await banner.waitFor({ state: 'detached' });
  });

  test('takes nothing away that was shown: the failure stands above it', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/operations');
    const operations = page.getByRole('list', { name: 'Operations' }).getByRole('listitem');
    await operations.first().waitFor();
    const shown = await operations.count();
    // Polled every ten seconds.
    await page.route('**/trpc/operations.list**', (route) => route.fulfill(BAD_GATEWAY));
    await page.getByRole('alert').getByText('The server answered 502').waitFor();
    expect(await operations.count()).toBe(shown);
    await page.unrouteAll();

    await browser.goto('/audit');
    const attempts = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem');
    await attempts.first().waitFor();
    await fetch(`${panel().url}/trpc/auth.signIn`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: new URL(panel().url).origin },
      body: JSON.stringify({ email: EMAIL, password: 'wrong' }),
    });
    const newer = page.getByRole('button', { name: 'Show new entries' });
    await newer.waitFor();
    await page.route('**/trpc/audit.list**', (route) => route.fulfill(BAD_GATEWAY));
    await newer.click();
    await page.getByRole('alert').getByText('The server answered 502').waitFor();
    expect(await attempts.count()).toBeGreaterThan(0);
  });
});

/** Waits until the record of an operation on an archive says that it has ended. */
async function ended(archive: string): Promise<void> {
  for (;;) {
    const [record] = await panel().database.query(
      'SELECT state FROM backup_system.operations WHERE archive = $1 AND finished_at IS NOT NULL',
      [archive],
    );
    if (record) return;
    await Bun.sleep(50);
  }
}
