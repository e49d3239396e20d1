import { describe, expect, test } from 'bun:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { EMAIL, overflow, PASSWORD, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';
import { openRows, rowsOf, settled } from './rows.fixture.ts';

let people: string[];
const panel = withPanelServer({ staff: 112 }, async (panel) => {
  // More than two chunks, and one value longer than anybody reads.
  await panel.database.query(
    `INSERT INTO categories (id, name, type, description, "updatedAt")
     SELECT 'made' || n, 'Made ' || n, 'POSITION', CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE repeat('word ', 400) END, now() FROM generate_series(1, 16000) n`,
  );
  const named = await panel.database.query(`SELECT "fullName" AS name FROM staff WHERE length("fullName") >= 8`);
  people = named.map(({ name }) => String(name));
  await panel.makeBackup('first');
});

/** Collects every answer of the server to the page from now on. */
function answers(page: Page): () => Promise<string> {
  const bodies: Promise<string>[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/trpc/')) bodies.push(response.text().catch(() => ''));
  });
  return async () => (await Promise.all(bodies)).join('\n');
}

async function reveal(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Show .* columns$/ }).click();
  const password = page.getByRole('dialog').getByLabel('Confirm your password');
  await page.getByRole('button', { name: 'Show columns' }).waitFor();
  if (await password.isVisible()) await password.fill(PASSWORD);
  await page.getByRole('button', { name: 'Show columns' }).click();
  await page.getByRole('button', { name: 'Hide columns' }).waitFor();
  await settled(page);
}

describe.skipIf(WITHOUT_BROWSER)('rows of a backup', () => {
  test('are reached from the backup, paged through all parts of the table, and stay where they were after a reload', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await browser.signIn('/backups/first.zip');
    await page.getByRole('link', { name: /^View .* rows of categories$/ }).click();
    await page.getByRole('heading', { name: 'categories', level: 1 }).waitFor();
    const [count] = await panel().database.query('SELECT count(*)::int AS n FROM categories');
    const total = Number(count?.['n']).toLocaleString('en');
    await page.getByText(`Rows 1–50 of ${total}`).waitFor();
    expect(await page.title()).toBe('categories · Palace Backup');
    await page.getByRole('button', { name: 'Next rows' }).click();
    await page.getByText(`Rows 51–100 of ${total}`).waitFor();
    await page.reload();
    await page.getByText(`Rows 51–100 of ${total}`).waitFor();
    await page.getByRole('button', { name: 'Open row 51', exact: true }).waitFor();

    // Over the border between two parts, and back.
    const parts = await page.getByLabel('Part of the table').locator('option').allTextContents();
    expect(parts.length).toBeGreaterThan(1);
    const border = Number(/–([\d,]+)$/.exec(parts[0] ?? '')?.[1]?.replace(',', ''));
    await page.getByLabel('Part of the table').selectOption({ index: 1 });
    await page
      .getByText(`Rows ${(border + 1).toLocaleString('en')}–`)
      .last()
      .waitFor();
    await page.getByRole('button', { name: 'Previous rows' }).click();
    await page.getByRole('button', { name: `Open row ${border.toLocaleString('en')}`, exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next rows' }).click();
    await page.getByRole('button', { name: `Open row ${(border + 1).toLocaleString('en')}`, exact: true }).waitFor();
    await page.getByRole('link', { name: 'first.zip' }).click();
    await page.getByRole('heading', { name: 'first.zip', level: 1 }).waitFor();
    expect(consoleErrors).toEqual([]);
  });

  test('are searched in one part of the table, which is said, and the next part is one press away', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'categories');
    await page.getByText(/^Searches rows 1–[\d,]+, this part of the table/).waitFor();
    await page.getByLabel('Search').fill('MADE 15999');
    await page.getByRole('main').getByText('No matches for “MADE 15999”').waitFor();
    await page.getByRole('button', { name: /^Search rows / }).click();
    await page.getByText('1 found').waitFor();
    await rowsOf(page, 'categories').getByText('Made 15999', { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('search')).toBe('MADE 15999');
    await page.getByLabel('Search').fill('');
    await page.getByText(/^Rows [\d,]+–[\d,]+ of /).waitFor();
  });

  test('are found in the whole backup, from its page, and each leads to its row in its table', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await browser.signIn('/backups/first.zip');
    const card = page.getByRole('region', { name: 'Find in this backup' });
    await card.getByRole('button', { name: 'Search', exact: true }).press('Enter');
    await card.getByText('Enter what to search for.').waitFor();
    await page.keyboard.type('MADE 15999');
    await page.keyboard.press('Enter');
    await card.getByText('1 row found.', { exact: true }).waitFor();
    const said = (text: string) =>
      page.waitForFunction((wanted) => document.querySelector('[data-announced]')?.textContent?.includes(wanted), text);
    await said('1 row found.');
    const link = card.getByRole('link', { name: /^categories, row [\d,]+$/ });
    const number = /row ([\d,]+)/.exec((await link.getAttribute('aria-label')) ?? '')?.[1];
    expect(await browser.accessibilityFaults()).toEqual([]);
    await link.press('Enter');
    const dialog = page.getByRole('dialog', { name: `Row ${number}` });
    await dialog.getByText('Made 15999', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Open row ${number}`, exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('row')).toBeNull();

    // Personal data are searched by people with the right and the password; the text is in no address.
    await browser.goto('/backups/first.zip');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const [person = ''] = people;
    await card.getByLabel('Search for').fill(person);
    await card.getByLabel('In', { exact: true }).selectOption({ label: 'staff' });
    await card.getByRole('button', { name: 'Search', exact: true }).click();
    await card.getByText(`No matches for “${person}”`).waitFor();
    await card.getByText('Personal and financial columns were not.').waitFor();
    await said(`No matches for “${person}”`);
    await card.getByLabel(/^Search personal and financial columns/).check();
    await card.getByRole('button', { name: 'Search', exact: true }).click();
    const question = page.getByRole('dialog');
    await question.waitFor();
    await question.getByRole('textbox').or(question.locator('input[type=password]')).first().fill(PASSWORD);
    await question.locator('button[type=submit]').click();
    await card.getByText(/^\d+ rows? found\.$/).waitFor();
    await card.getByRole('list', { name: 'Rows found' }).getByText(person).first().waitFor();
    expect(asked.filter((url) => url.includes(encodeURIComponent(person)) || url.includes(person))).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });

  test('stop being searched when somebody cancels, and are searched on where there are more than are told', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/backups/first.zip');
    const card = page.getByRole('region', { name: 'Find in this backup' });
    await card.getByLabel('Search for').fill('made 1');
    await card.getByRole('button', { name: 'Search', exact: true }).click();
    await card.getByText('At least 100 rows found. There are more.').waitFor();
    await card.getByRole('button', { name: 'Continue searching' }).click();
    await card.getByText('At least 200 rows found. There are more.').waitFor();
    expect(await card.getByRole('link', { name: /^categories, row/ }).count()).toBe(200);

    // The answer begins and then stalls.
    await page.evaluate(() => {
      const fetched = window.fetch;
      const instead = async (url: string | URL | Request, init?: RequestInit) => {
        if (!String(url).includes('backups.find')) return await fetched(url, init);
        const answer = await fetched(url, init);
        const lines = (await answer.text()).split('\n').slice(0, 5).join('\n');
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(`${lines}\n`));
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
          },
        });
        return new Response(body, { headers: answer.headers });
      };
      window.fetch = Object.assign(instead, fetched);
    });
    await card.getByRole('button', { name: 'Search', exact: true }).click();
    await card.getByRole('progressbar', { name: 'Searching the backup' }).waitFor();
    expect(await browser.accessibilityFaults()).toEqual([]);
    await card.getByRole('button', { name: 'Cancel search' }).click();
    await card.getByText(/^Search cancelled\./).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
  });

  test('tell NULL from an empty text, open whole, and say where a value was cut', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'categories?search=Made+1');
    const table = rowsOf(page, 'categories');
    const line = (name: string) => table.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
    expect(await line('Made 12').getByText('NULL').count()).toBe(1);
    expect(await line('Made 1').getByText('empty text').count()).toBe(1);
    await line('Made 11').getByRole('button').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('made11', { exact: true }).waitFor();
    expect(await dialog.getByText('word word').textContent()).toContain('word '.repeat(400));
    await dialog.getByRole('button', { name: 'Next row' }).click();
    await dialog.getByText('made12', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    // Another row was shown meanwhile; the focus still returns to where the dialog was opened.
    const opener = line('Made 11').getByRole('button');
    await page.waitForFunction((button) => document.activeElement === button, await opener.elementHandle());
  });

  test('keep people’s data on the server: nothing of it is answered, shown or found', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    const sent = answers(page);
    await browser.goto('/backups/first.zip/tables/staff');
    await settled(page);
    await page.getByRole('columnheader', { name: /fullName/ }).waitFor();
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    await page.getByRole('dialog').getByText('fullName').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByLabel('Search').fill(people[0] ?? '');
    await page.getByRole('main').getByText('No matches for').waitFor();
    const all = (await sent()) + (await page.locator('table').allTextContents()).join();
    expect(all).toContain('"fullName"');
    expect(people.filter((name) => all.includes(JSON.stringify(name).slice(1, -1)))).toEqual([]);
  });

  test('show people’s data after the password, with a record, and forget it with the page', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    await openRows(browser, 'staff');
    await page.getByRole('button', { name: 'Show personal and financial columns' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The audit log records').waitFor();
    await dialog.getByLabel('Confirm your password').fill('not it');
    await dialog.getByRole('button', { name: 'Show columns' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Confirm your password').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Show columns' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Each page you view is recorded.').waitFor();
    await settled(page);
    const shown = (await rowsOf(page, 'staff').allTextContents()).join();
    expect(people.filter((name) => shown.includes(name)).length).toBeGreaterThan(20);

    // A search in personal data is in no address.
    const [person = ''] = people;
    await page.getByLabel('Search').fill(person);
    await page.getByText(/^\d+ found/).waitFor();
    await settled(page);
    expect(new URL(page.url()).search).toBe('');

    const records = await panel().database.query(
      `SELECT actor, outcome, target, details FROM backup_system.audit WHERE action = 'backups.reveal' ORDER BY id`,
    );
    expect(records.length).toBe(2);
    for (const record of records)
      expect(record).toMatchObject({
        actor: EMAIL,
        outcome: 'allowed',
        target: 'first.zip',
        details: { table: 'staff' },
      });
    expect(JSON.stringify(records)).toContain('fullName');
    expect(JSON.stringify(records)).not.toContain(person);

    await page.getByRole('button', { name: 'Hide columns' }).click();
    await settled(page);
    await page.getByRole('button', { name: 'Show personal and financial columns' }).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');
    const hidden = (await rowsOf(page, 'staff').allTextContents()).join();
    expect(people.filter((name) => hidden.includes(name))).toEqual([]);

    await reveal(page);
    await page.getByRole('link', { name: 'first.zip' }).click();
    await page.getByRole('heading', { name: 'first.zip', level: 1 }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Show personal and financial columns' }).waitFor();
    await settled(page);
    const back = (await rowsOf(page, 'staff').allTextContents()).join();
    expect(people.filter((name) => back.includes(name))).toEqual([]);
    // The browser may have logged the wrong password and nothing else.
    expect(consoleErrors.filter((text) => !text.includes('401'))).toEqual([]);
  });

  test('ask for the password again when it no longer counts, and go on where one was', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'staff');
    await reveal(page);
    await panel().database.query(`UPDATE backup_system.sessions SET step_up_until = now() - interval '1 second'`);
    await page.getByRole('button', { name: 'Next rows' }).click();
    await page.getByRole('alert').getByText('STEP_UP_REQUIRED').waitFor();
    await page.getByRole('button', { name: 'Confirm your password again' }).click();
    await page.getByRole('dialog').getByLabel('Confirm your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Show columns' }).click();
    await page.getByText(/^Rows 51–\d+ of \d+/).waitFor();
    await page.getByRole('button', { name: 'Hide columns' }).waitFor();
  });

  test('never show what is secret, and say so', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    const sent = answers(page);
    await browser.goto('/backups/first.zip/tables/admins');
    await settled(page);
    await reveal(page);
    await page.getByRole('columnheader', { name: /password secret, never shown/ }).waitFor();
    await rowsOf(page, 'admins').getByText(EMAIL).waitFor();
    expect(await sent()).not.toMatch(/\$2[aby]\$|\$argon2/);
  });

  test('that are not there, or cannot be read, are told with what to do', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'nowhere');
    await page.getByRole('alert').getByText('The backup has no table of this name.').waitFor();
    await browser.goto('/backups/first.zip/tables/categories?chunk=900');
    await page.getByRole('alert').getByText('There is no chunk 900 of categories').waitFor();
    await page.getByRole('button', { name: 'Go to the first rows' }).click();
    await page.getByText(/^Rows 1–50 of /).waitFor();
    await browser.goto('/backups/first.zip/tables/categories?page=9000');
    await page.getByRole('main').getByText('There are no more rows').waitFor();

    const bytes = await readFile(join(panel().folder, 'first.zip'));
    const name = bytes.subarray(30, 30 + bytes.readUInt16LE(26)).toString();
    const table = /^data\/public\.([a-z_]+)\/00001/.exec(name)?.[1] ?? '';
    const place = 30 + name.length + 9;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    await writeFile(join(panel().folder, 'hurt.zip'), bytes);
    // The server notices archives stored by others after some seconds.
    const damage = page.getByText(`Chunk 1 of table public.${table}`);
    do {
      await browser.goto(`/backups/hurt.zip/tables/${table}`);
      await page.getByRole('alert').waitFor();
    } while ((await damage.count()) === 0);
    await page.getByRole('alert').getByText('ARCHIVE_DAMAGED').waitFor();
  });

  test('are reached, opened and left by the keyboard alone', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await openRows(browser, 'staff');
    const tabTo = async (name: string) => {
      for (let patience = 40; patience > 0; patience--) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate(
          () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
        );
        if (focused === name) return;
      }
      throw new Error(`nobody comes to “${name}” by Tab`);
    };
    await tabTo('Rows of staff');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => (document.activeElement?.scrollLeft ?? 0) > 0);
    await tabTo('Open row 2');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Row 2' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]') != null);
    await tabTo('Next row');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Row 3' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Open row 2');
  });

  test('have nothing axe-core finds in either theme, and fit into 360 pixels', async () => {
    await using browser = await panel().open({
      reducedMotion: 'reduce',
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    const { page, consoleErrors } = browser;
    // The last page: axe-core takes as long as there are rows.
    await openRows(browser, 'staff?page=3');
    expect(await rowsOf(page, 'staff').getByRole('row').count()).toBeGreaterThan(10);
    const found: Record<string, string[]> = { hidden: await browser.accessibilityFaults() };
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: /^Show .* columns$/ }).click();
    await page.getByRole('dialog').waitFor();
    found['asking'] = await browser.accessibilityFaults();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await reveal(page);
    // Rows that are loading are paler.
    await settled(page);
    found['shown'] = await browser.accessibilityFaults();
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'Open row 101', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    found['row'] = await browser.accessibilityFaults();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByLabel('Search').fill('nobody has this');
    await page.getByRole('main').getByText('No matches for').waitFor();
    found['nothing'] = await browser.accessibilityFaults();
    expect(await overflow(page)).toBe(0);
    await browser.goto('/backups/first.zip');
    const card = page.getByRole('region', { name: 'Find in this backup' });
    await card.getByLabel('Search for').fill('Made 159');
    await card.getByRole('button', { name: 'Search', exact: true }).click();
    await card
      .getByText(/rows? found/)
      .first()
      .waitFor();
    found['found'] = await browser.accessibilityFaults();
    expect(await overflow(page)).toBe(0);
    expect(Object.entries(found).filter(([, faults]) => faults.length > 0)).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });
});
