import { describe, expect, test } from 'bun:test';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type BrowserSession,
  EMAIL,
  overflow,
  PASSWORD,
  WITHOUT_BROWSER,
  withPanelServer,
} from './panel-server.fixture.ts';

/** Bytes the panel sends in one piece. */
const PIECE_BYTES = 8 * 1024 ** 2;

let archive: Buffer;
const panel = withPanelServer({}, async (panel) => {
  await panel.makeBackup('before');
  archive = await readFile(join(panel.folder, 'before.zip'));
});

const staff = () =>
  panel().database.query(
    'SELECT count(*)::int AS rows, md5(string_agg(s::text, $1 ORDER BY id)) AS sum FROM public.staff s',
    ['|'],
  );
const change = () => panel().database.query(`UPDATE public.staff SET "fullName" = 'Nobody'`);

/** Returns text that hardly compresses. */
function randomText(length: number): string {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return Buffer.from(bytes).toString('base64');
}

/** Types the required confirmation, and waits for the end. */
async function confirm({ page }: BrowserSession): Promise<void> {
  await page.getByRole('button', { name: 'Replace live data' }).click();
  await page.getByText('That is not the name of the database.').waitFor();
  await page.getByLabel(`Type the name of the database: ${panel().database.name}`).fill(panel().database.name);
  await page.getByLabel('Confirm your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Replace live data' }).click();
  await page.getByText('Restore complete.').waitFor();
}

describe.skipIf(WITHOUT_BROWSER)('restore', () => {
  test('a stored backup comes back after the database was named and the password given, and not before', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    const before = await staff();
    await change();
    expect(await staff()).not.toEqual(before);
    await browser.signIn('/');
    await page.getByRole('link', { name: 'Restore', exact: true }).click();
    await page.getByRole('button', { name: /before\.zip/ }).click();
    await page.getByText('Every row of 13 tables').waitFor();
    await confirm(browser);
    expect(await staff()).toEqual(before);
    expect(consoleErrors).toEqual([]);
  });

  test('a preview says what is different, changes nothing, and afterwards says that nothing differs', async () => {
    await using browser = await panel().open({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
    const { page, consoleErrors } = browser;
    const [{ rows } = { rows: 0 }] = await panel().database.query<{ rows: number }>(
      `WITH gone AS (DELETE FROM public.loan_repayments RETURNING 1) SELECT count(*)::int AS rows FROM gone`,
    );
    await panel().database.query(`UPDATE public.system_settings SET value = 'changed'`);
    await browser.signIn('/restore?backup=before.zip');
    await page.getByRole('button', { name: 'Preview changes' }).click();
    // The numbers are announced to screen readers as well.
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview.getByText(new RegExp(`^${rows} come back, \\d+ change, 0 disappear, in 2 tables\\.$`)).waitFor();
    const table = page.getByRole('table', { name: 'Rows that a restore would change' });
    await table.getByRole('row', { name: new RegExp(`^loan_repayments .* ${rows} 0 0$`) }).waitFor();
    await table.getByText('differs in value').waitFor();
    await page.getByRole('button', { name: 'Show the rows of loan_repayments' }).click();
    const lost = page.getByRole('region', { name: 'Rows of loan_repayments that a restore would change' });
    await lost.getByText(`Up to row ${Math.min(rows, 20)} of ${rows}`).waitFor();
    await lost.getByRole('listitem').filter({ hasText: 'comes back' }).first().getByText('paymentMethod').waitFor();
    expect(await lost.getByText('hidden').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Show the rows of system_settings' }).click();
    const settings = page.getByRole('region', { name: 'Rows of system_settings that a restore would change' });
    await settings.getByRole('listitem').filter({ hasText: 'changes' }).first().waitFor();
    expect(await settings.textContent()).not.toContain('changed');
    // The frame has noticed the end as well by then, and leaves it to the page.
    for (let polls = 0; polls < 2; polls++)
      await page.waitForResponse((response) => response.url().includes('operations.list'));
    const lines = page.getByRole('region', { name: 'Finished operations' }).getByRole('listitem');
    expect(await lines.count()).toBe(0);
    expect(await overflow(page)).toBe(0);
    await confirm(browser);
    await page.goto('/restore?backup=before.zip');
    await page.getByRole('button', { name: 'Preview changes' }).click();
    await preview.getByText('Nothing differs: a restore would change no row.').waitFor();
    expect(consoleErrors).toEqual([]);
  });

  test('one lost table is noticed and brought back on a phone, after a backup of what is there, and nothing else changes', async () => {
    await using browser = await panel().open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const { page } = browser;
    const repayments = async () =>
      (await panel().database.query('SELECT count(*)::int AS rows FROM public.loan_repayments'))[0];
    const [held, others] = [await repayments(), await staff()];
    await panel().database.query('DELETE FROM public.loan_repayments');
    await browser.signIn('/');
    await page.getByText(/^loan_repayments holds no rows now, and before\.zip holds \d+ of it\./).waitFor();
    await page.getByRole('link', { name: 'Restore …' }).click();
    await page.getByText(/^As it was at .*, just now|^As it was at .* minutes? ago/).waitFor();
    // The pressed button is gone: screen readers and keyboards go on from the heading.
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    const choice = page.getByRole('checkbox', { name: /loan_repayments/ });
    expect(await choice.isChecked()).toBe(true);
    // In sight at once among thirteen, and it keeps its place.
    const first = () =>
      page
        .getByRole('group', { name: /^Tables to restore/ })
        .getByRole('checkbox')
        .first()
        .isChecked();
    await page.getByRole('group', { name: 'Tables to restore: 1 of 13 chosen' }).waitFor();
    expect(await first()).toBe(true);
    await choice.uncheck();
    expect(await first()).toBe(false);
    await page.getByText('Choose the tables to restore.').waitFor();
    expect(await page.getByRole('button', { name: 'Replace live data' }).count()).toBe(0);
    await choice.check();
    await page.getByText(/^loan_repayments in .* goes back to .* All other tables stay as they are\.$/).waitFor();

    await page.getByRole('button', { name: 'Create a backup first' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('accident');
    await page.getByRole('dialog').getByRole('button', { name: 'Create backup' }).click();
    await page.getByText('Backup complete.').waitFor();
    expect(await choice.isChecked()).toBe(true);

    await confirm(browser);
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    expect(await repayments()).toEqual(held);
    expect(await staff()).toEqual(others);
    expect(await overflow(page)).toBe(0);
  });

  test('when the session has ended meanwhile, one is led to sign in, told why, and back to the very restore', async () => {
    await using browser = await panel().open();
    const { page, context } = browser;
    await browser.signIn('/restore?backup=before.zip&tables=staff');
    await page.getByLabel(/^Type the name of the database/).fill(panel().database.name);
    await page.getByLabel('Confirm your password').fill('a guess');
    await page.getByRole('button', { name: 'Replace live data' }).click();
    // A wrong password has the same code, and ends no session.
    await page.getByRole('alert').getByText('The password is wrong.').waitFor();
    await page.getByLabel('Confirm your password').fill(PASSWORD);
    await context.clearCookies();
    // At once, not at the page's next poll.
    const asked = page.waitForRequest((request) => request.url().includes('/trpc/auth.me'));
    await page.getByRole('button', { name: 'Replace live data' }).click();
    await asked;
    await page.getByRole('main').getByText('Your session has ended. Sign in again.').waitFor();
    await page.getByLabel('E-mail').fill(EMAIL);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('group', { name: 'Tables to restore: 1 of 13 chosen' }).waitFor();
  });

  test('a file that was taken away is shown before it is sent, sent, stored and restored', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    const before = await staff();
    await change();
    await rm(join(panel().folder, 'before.zip'));
    await rm(join(panel().folder, 'before.zip.json'), { force: true });
    await browser.signIn('/restore');
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'mine.zip', mimeType: 'application/zip', buffer: archive });
    await page.getByText('superadmin@owu.example').last().waitFor();
    await page.getByRole('button', { name: 'Upload file' }).click();
    await page.getByText('Every row of 13 tables').waitFor();
    await confirm(browser);
    expect(await staff()).toEqual(before);
  });

  test('a file that cannot be a backup is refused before a byte is sent, with the reason', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/restore');
    let sent = 0;
    page.on('request', (request) => {
      // OPTIONS asks for the server's limit.
      if (request.url().includes('/api/uploads') && request.method() !== 'OPTIONS') sent++;
    });
    const choose = async (name: string, content: Buffer, reason: string) => {
      await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/zip', buffer: content });
      await page.getByRole('alert').getByText(reason).waitFor();
      await page.getByRole('alert').getByText('The database was not touched.').waitFor();
      expect(await page.getByRole('button', { name: 'Upload file' }).count()).toBe(0);
    };
    await choose('cut.zip', archive.subarray(0, archive.length - 40), 'cut off or damaged');
    await choose('photo.zip', Buffer.from('GIF89a'), 'neither a ZIP archive nor JSON');
    await choose('empty.zip', Buffer.alloc(0), 'This file is empty.');
    expect(sent).toBe(0);
  });

  test('an upload that loses its connection half-way goes on from there when it is back', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    // Nothing equal is stored, so it is sent whole, in more than one piece.
    const long = join(dirname(panel().folder), 'long.json');
    await writeFile(long, JSON.stringify({ metadata: {}, data: {}, padding: randomText(PIECE_BYTES + 500_000) }));
    await browser.signIn('/restore');
    await page.locator('input[type=file]').setInputFiles(long);
    const pieces: string[] = [];
    let cut = false;
    await page.route('**/api/uploads/tus/**', async (route) => {
      const request = route.request();
      if (request.method() === 'PATCH') {
        pieces.push((await request.allHeaders())['upload-offset'] ?? '');
        if (pieces.length === 2 && !cut) {
          cut = true;
          return route.abort('connectionreset');
        }
      }
      return route.continue();
    });
    await page.getByRole('button', { name: 'Upload file' }).click();
    // It is no backup, which only the server can say, after reading it to its end.
    await page.getByRole('alert').first().waitFor();
    expect(cut).toBe(true);
    expect(pieces).toEqual(['0', String(PIECE_BYTES), String(PIECE_BYTES)]);
  });

  test('a file whose damage only the server can see is refused by it, and nothing is stored', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    const damaged = Buffer.from(archive);
    damaged[Math.floor(archive.length / 3)] = (archive[Math.floor(archive.length / 3)] ?? 0) ^ 1;
    await browser.signIn('/restore');
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'bad.zip', mimeType: 'application/zip', buffer: damaged });
    await page.getByRole('button', { name: 'Upload file' }).click();
    await page
      .getByRole('alert')
      .getByText(/ARCHIVE_DAMAGED/)
      // Its operation may say it, too.
      .first()
      .waitFor();
    // The same file would be refused again.
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose another file' }).click();
    await (await chooser).setFiles({ name: 'good.zip', mimeType: 'application/zip', buffer: archive });
    await page.getByRole('button', { name: 'Upload file' }).waitFor();
    await writeFile(join(panel().folder, 'before.zip'), archive);
  });
});
