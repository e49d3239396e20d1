import { describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';
import { openRows, rowsOf, settled } from './rows.fixture.ts';

const panel = withPanelServer({ staff: 120 }, (panel) => panel.makeBackup('first'));

/** Records the texts of the page's live regions from now on. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  const heard = await page.evaluateHandle(() => {
    const texts: string[] = [];
    new MutationObserver(() => {
      for (const region of document.querySelectorAll('[aria-live=polite], [role=status]')) {
        const text = region.textContent?.trim();
        if (text && !texts.includes(text)) texts.push(text);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    return texts;
  });
  return () => heard.jsonValue();
}

const focusIsOn = (page: Page, name: string) =>
  page.waitForFunction(
    (wanted) =>
      (document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim()) === wanted,
    name,
  );

describe.skipIf(WITHOUT_BROWSER)('rows of a backup', () => {
  test('say that hidden columns were not searched, and how to see them, to who may', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'staff');
    const [someone] = await panel().database.query('SELECT "fullName" AS name FROM staff ORDER BY id LIMIT 1');
    const person = String(someone?.['name']);
    await page.getByLabel('Search').fill(person);
    const main = page.getByRole('main');
    const unsearched = main.getByText('The personal and financial columns are hidden and were not searched.');
    await unsearched.waitFor();
    expect(await browser.accessibilityFaults()).toEqual([]);
    await main.getByRole('button', { name: 'Show personal and financial columns' }).last().click();
    const dialog = page.getByRole('dialog');
    const password = dialog.getByLabel('Confirm your password');
    await dialog.getByRole('button', { name: 'Show columns' }).waitFor();
    if (await password.isVisible()) await password.fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Show columns' }).click();
    await page.getByText(/^\d+ found/).waitFor();
    await rowsOf(page, 'staff').getByText(person).first().waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await page.getByLabel('Search').fill('nobody has this');
    await main.getByText('No matches for').waitFor();
    expect(await unsearched.count()).toBe(0);

    await page.route('**/trpc/**', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replaceAll('"backups:download",', '');
      await route.fulfill({ response, body });
    });
    await browser.goto('/backups/first.zip/tables/staff?search=nobody+has+this');
    await main.getByText('No matches for').waitFor();
    expect(await unsearched.count()).toBe(0);
    expect(await main.getByRole('button', { name: /^Show .* columns$/ }).count()).toBe(0);
  });

  test('say nothing that is not so while others are on their way, and keep the focus', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'staff');
    const main = page.getByRole('main');
    let heard = await listen(page);
    await page.getByLabel('Search').fill('nobody has this');
    await main.getByText('No matches for').waitFor();
    await page.waitForFunction(() => document.querySelector('[data-announced]')?.textContent?.includes('No matches'));
    expect((await heard()).filter((text) => text.includes('found'))).toEqual([]);

    // Nothing else of the table is known yet.
    await browser.goto('/backups/first.zip/tables/staff?search=nobody+has+this');
    await main.getByText('No matches for').waitFor();
    heard = await listen(page);
    await page.getByRole('button', { name: 'Show all rows' }).press('Enter');
    await page.getByText(/^Rows 1–50 of /).waitFor();
    expect((await heard()).filter((text) => /found|no more/.test(text))).toEqual([]);
    await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'search');
  });

  test('turned to the last page keep the focus on the button that leads no further', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'staff');
    await page.getByRole('button', { name: 'Open row 49', exact: true }).click();
    await page.getByRole('button', { name: 'Next row', exact: true }).press('Enter');
    await page.getByRole('dialog', { name: 'Row 50' }).waitFor();
    await focusIsOn(page, 'Next row');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    const pages = page.getByRole('navigation', { name: 'Pages of rows' });
    const next = page.getByRole('button', { name: 'Next rows' });
    await next.focus();
    while (await next.isEnabled()) {
      const shown = await pages.textContent();
      await page.keyboard.press('Enter');
      await page.waitForFunction((before) => document.querySelector('main nav')?.textContent !== before, shown);
      await settled(page);
    }
    await focusIsOn(page, 'Next rows');
    // The last row is a part of the table by itself.
    await pages.getByText('Row 120 of 120', { exact: true }).waitFor();
    const address = page.url();
    await page.keyboard.press('Enter');
    expect(page.url()).toBe(address);
    await pages.getByText('Row 120 of 120', { exact: true }).waitFor();
    expect(await browser.accessibilityFaults()).toEqual([]);
  });
});
