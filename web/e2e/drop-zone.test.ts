import { describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page, Request } from 'playwright-core';
import { openSession } from '../../db/connect/session.ts';
import { recordAnnouncements } from './announcements.fixture.ts';
import { type BrowserSession, WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

const LIMIT = 1024 ** 2;
const METADATA = { timestamp: '2026-11-20T08:00:00.000Z', createdBy: 'maria', totalRecords: 4321 };
const DOCUMENT = JSON.stringify({ metadata: METADATA, data: {} });

let archive: Buffer;
const panel = withPanelServer({ env: { MAX_UPLOAD_BYTES: String(LIMIT) } }, async (panel) => {
  await panel.makeBackup('mine');
  archive = await readFile(join(panel.folder, 'mine.zip'));
});

interface Given {
  name: string;
  content: Buffer | string;
}

/** Drops files on the page, or pastes them, as a person's browser would. */
function give(page: Page, how: 'drop' | 'paste', files: Given[], text = ''): Promise<void> {
  const plain = files.map(({ name, content }) => ({ name, base64: Buffer.from(content).toString('base64') }));
  return page.evaluate(
    ({ how, plain, text }) => {
      const data = new DataTransfer();
      for (const { name, base64 } of plain) {
        data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      }
      if (text !== '') data.setData('text/plain', text);
      const event =
        how === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector('h1')?.dispatchEvent(event);
    },
    { how, plain, text },
  );
}

/** Collects the requests to the server's upload routes from now on. */
function watchUploads(page: Page): Request[] {
  const sent: Request[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/uploads') && request.method() !== 'OPTIONS') sent.push(request);
  });
  return sent;
}

/** Holds the sent pieces back until the returned function is called. */
async function holdPieces(page: Page): Promise<() => void> {
  const gate = Promise.withResolvers<void>();
  await page.route('**/api/uploads/tus/**', async (route) => {
    if (route.request().method() === 'PATCH') await gate.promise;
    await route.continue().catch(() => undefined);
  });
  return gate.resolve;
}

/** Returns the text of the focused element. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

/** Opens the restore page and waits until the drop zone is loaded. */
async function atRestore(browser: BrowserSession): Promise<void> {
  await browser.goto('/restore');
  await browser.page.getByText('up to 1.0 MiB').waitFor();
}

describe.skipIf(WITHOUT_BROWSER)('a file', () => {
  test('is taken by drop and by paste, its JSON as text too, and what it is is shown before a byte is sent', async () => {
    await using browser = await panel().open();
    const { page, consoleErrors } = browser;
    const shown = page.getByRole('main');
    await browser.signIn();
    await atRestore(browser);
    const sent = watchUploads(page);
    await give(page, 'drop', [{ name: 'dropped.zip', content: archive }]);
    await shown.getByText('dropped.zip').waitFor();
    await page.getByText('superadmin@owu.example').last().waitFor();
    await give(page, 'paste', [{ name: 'pasted.json.gz', content: Buffer.from(Bun.gzipSync(DOCUMENT)) }]);
    await shown.getByText('pasted.json.gz').waitFor();
    await shown.getByText('4,321').waitFor();
    await give(page, 'paste', [], DOCUMENT.replace('4321', '1234'));
    await shown.getByText('1,234').waitFor();
    await shown.getByText('maria').waitFor();
    await page.getByRole('button', { name: 'Upload file' }).waitFor();
    expect(sent).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });

  test('that cannot be a backup is refused before a byte is sent, and told why', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await atRestore(browser);
    const sent = watchUploads(page);
    const refused = async (files: Given[], reason: string) => {
      await give(page, 'drop', files);
      await page.getByRole('alert').getByText(reason).waitFor();
      expect(await page.getByRole('button', { name: 'Upload file' }).count()).toBe(0);
    };
    const photo = { name: 'photo.jpg', content: Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]) };
    await refused([photo], 'neither a ZIP archive nor JSON');
    await refused([{ name: 'nothing.zip', content: '' }], 'This file is empty.');
    await refused([{ name: 'half.zip', content: archive.subarray(0, archive.length / 2) }], 'cut off or damaged');
    await refused([{ name: 'half.json', content: DOCUMENT.slice(0, -8) }], 'This JSON is cut off');
    await refused([{ name: 'package.json', content: '{"name":"x"}' }], 'This JSON is not a backup');
    await refused([{ name: 'safe.zip.age', content: 'age-encryption.org/v1\n' }], 'encrypted with age');
    await refused([photo, photo], 'several files');
    const large = Bun.gzipSync(
      JSON.stringify({ metadata: METADATA, data: { staff: [randomBytes(LIMIT).toString('hex')] } }),
    );
    await refused([{ name: 'large.json.gz', content: Buffer.from(large) }], 'the server accepts up to 1.0 MiB');
    expect(sent).toEqual([]);
  });

  test('is sent compressed; when the server refuses it at first, one can try again', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await atRestore(browser);
    const name = 'again.json';
    const content = `${DOCUMENT.slice(0, -1)}${' '.repeat(LIMIT)}}`;
    await page.route('**/api/uploads/tus', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 403, body: 'no' }) : route.continue(),
    );
    await give(page, 'drop', [{ name, content }]);
    await page.getByRole('button', { name: 'Upload file' }).click();
    await page.getByRole('alert').getByText('The server answered 403').waitFor();
    await page.unroute('**/api/uploads/tus');
    const sent = watchUploads(page);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The file is stored as a backup.').first().waitFor();
    // A megabyte of blanks was compressed before it was sent.
    const [created] = sent.filter((request) => request.method() === 'POST');
    const length = Number((await created?.allHeaders())?.['upload-length']);
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(10_000);
  });

  for (const [what, of] of [
    ['an archive', 4],
    ['a document', 5],
  ] as const)
    test(`is sent, checked and stored under one bar for the whole, which never runs backwards: ${what}`, async () => {
      await using browser = await panel().open();
      const { page } = browser;
      await browser.signIn();
      await atRestore(browser);
      await page.evaluate(() => {
        const seen: { bars: number; share: number; step: string }[] = [];
        Object.assign(window, { seen });
        const look = () => {
          const bars = [...document.querySelectorAll('main [role=progressbar]')];
          const share = Number(bars[0]?.getAttribute('aria-valuenow') ?? Number.NaN);
          const step = /Step \d of \d/.exec(document.querySelector('main')?.textContent ?? '')?.[0] ?? '';
          if (bars.length > 0) seen.push({ bars: bars.length, share, step });
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
      });
      // The server's work is held in its first stage, so that it is seen.
      await using neighbour = await openSession(panel().database.url, {
        applicationName: 'neighbour',
        signal: AbortSignal.timeout(120_000),
      });
      const content = what === 'an archive' ? archive : DOCUMENT;
      await neighbour.query('BEGIN');
      await neighbour.query('LOCK TABLE backup_queue.job IN ACCESS EXCLUSIVE MODE');
      await give(page, 'drop', [{ name: what === 'an archive' ? 'bar.zip' : 'bar.json', content }]);
      await page.getByRole('button', { name: 'Upload file' }).click();
      await page.getByText(`Step ${of - 2} of ${of}`).waitFor();
      await neighbour.query('ROLLBACK');
      await page
        .getByText(/The file is stored as a backup\.|already stored/)
        .first()
        .waitFor();
      const seen = await page.evaluate(
        () => Reflect.get(window, 'seen') as { bars: number; share: number; step: string }[],
      );
      expect(seen.map(({ bars }) => bars)).toEqual(seen.map(() => 1));
      const shares = seen.map(({ share }) => share).filter((share) => !Number.isNaN(share));
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(shares.at(-1)).toBeGreaterThanOrEqual(60);
      const steps = seen.map(({ step }) => step).filter((step) => step !== '');
      expect(steps).toEqual(steps.toSorted());
      expect(steps.every((step) => step.endsWith(` of ${of}`))).toBe(true);
    });

  test('on its way can be paused and goes on from where it was; given up, it is taken away from the server', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn();
    await atRestore(browser);
    const held: (() => void)[] = [];
    await page.route('**/api/uploads/tus/**', async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      await new Promise<void>((resolve) => held.push(resolve));
      await route.continue().catch(() => undefined);
    });
    const patch = page.waitForRequest((request) => request.method() === 'PATCH');
    await give(page, 'drop', [{ name: 'slow.zip', content: archive }]);
    await page.getByRole('button', { name: 'Upload file' }).click();
    await patch;
    // The pressed button is gone each time, and the focus moves to the next one.
    expect(await focused(page)).toBe('Pause');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.').waitFor();
    const asked = page.waitForRequest((request) => request.method() === 'HEAD');
    const second = page.waitForRequest((request) => request.method() === 'PATCH');
    expect(await focused(page)).toBe('Resume');
    await page.getByRole('button', { name: 'Resume' }).click();
    expect((await asked).url()).toBe((await patch).url());
    await second;
    const removal = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await page.getByRole('button', { name: 'Cancel upload' }).click();
    expect((await removal).status()).toBe(204);
    await page.getByRole('button', { name: 'Upload file' }).waitFor();
    expect(await focused(page)).toBe('Upload file');
    for (const release of held) release();
  });

  test('on its way is not left by a link or by Back without a question; left after all, it goes on from where it was', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    await page.getByRole('link', { name: 'Restore', exact: true }).click();
    await page.getByText('up to 1.0 MiB').waitFor();
    const release = await holdPieces(page);
    const patch = page.waitForRequest((request) => request.method() === 'PATCH');
    const picked = join(panel().folder, 'mine.zip');
    await page.locator('input[type=file]').setInputFiles(picked);
    await page.getByRole('button', { name: 'Upload file' }).click();
    await patch;

    const question = page.getByRole('dialog', { name: 'Leave while a file is uploading?' });
    await page.getByRole('link', { name: 'Backups', exact: true }).click();
    await question.getByText('Choose the same file again to continue.').waitFor();
    expect(await browser.accessibilityFaults()).toEqual([]);
    await question.getByRole('button', { name: 'Stay here' }).click();
    await question.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.').waitFor();

    await page.evaluate(() => history.back());
    await question.waitFor();
    expect(new URL(page.url()).pathname).toBe('/restore');
    await question.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    release();

    await page.getByRole('link', { name: 'Restore', exact: true }).click();
    await page.getByText('up to 1.0 MiB').waitFor();
    const asked = page.waitForRequest((request) => request.method() === 'HEAD');
    await page.locator('input[type=file]').setInputFiles(picked);
    await page.getByRole('button', { name: 'Upload file' }).click();
    expect((await asked).url()).toBe((await patch).url());
    // Once it has arrived there is nothing left to ask about.
    await page.getByText('Every row of 13 tables').waitFor();
    expect(await question.count()).toBe(0);
  });

  test('that was read is told in words; stored already, it is said once, and of that backup alone', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await panel().makeBackup('other');
    await browser.signIn('/');
    await page.getByRole('link', { name: 'Restore', exact: true }).click();
    await page.getByText('up to 1.0 MiB').waitFor();
    const hearing = await recordAnnouncements(page);
    await give(page, 'drop', [{ name: 'again.zip', content: archive }]);
    await page.getByRole('button', { name: 'Upload file' }).waitFor();
    await hearing.waitFor('again.zip was checked');
    expect((await hearing.all()).filter((text) => text.includes('again.zip'))).toEqual([
      expect.stringMatching(
        /^again\.zip was checked\. Created .+\. Created by superadmin@owu\.example\. [\d,]+ rows\. Database .+\. It can be uploaded now\.$/,
      ),
    ]);
    await page.getByRole('button', { name: 'Upload file' }).click();
    await page.getByText('Every row of 13 tables').waitFor();
    const note = page.getByRole('main').getByText('The same backup was already stored.');
    await note.waitFor();
    await hearing.waitFor('already stored');
    expect((await hearing.all()).filter((text) => text.includes('already stored'))).toHaveLength(1);
    await page.goBack();
    await page.getByRole('button', { name: /other\.zip/ }).click();
    await page.getByText('Every row of 13 tables').waitFor();
    expect(await note.count()).toBe(0);
  });

  test('that is damaged and sent around the panel is refused by the server, by name of the damage, and not stored', async () => {
    await using browser = await panel().open();
    const { page } = browser;
    await browser.signIn('/');
    // The status looks whether a file can be begun there.
    const stored = async () => (await readdir(panel().folder)).filter((name) => !name.endsWith('.part')).toSorted();
    const before = await stored();
    const send = (content: Buffer) =>
      page.evaluate(async (base64) => {
        const body = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const headers = { 'Content-Type': 'application/zip', 'X-File-Name': 'around.zip' };
        const answer = await fetch('/api/uploads', { method: 'PUT', body, headers });
        const { error } = await answer.json();
        return { refused: answer.status >= 400 && answer.status < 500, code: String(error?.code) };
      }, content.toString('base64'));
    const flipped = Buffer.from(archive);
    flipped[200] = (flipped[200] ?? 0) ^ 1;
    const damages = { cut: archive.subarray(0, archive.length - 40), flipped, photo: Buffer.from('GIF89a') };
    for (const [damage, content] of Object.entries(damages)) {
      const code = damage === 'photo' ? 'INPUT_INVALID' : 'ARCHIVE_DAMAGED';
      expect([damage, await send(content)]).toEqual([damage, { refused: true, code }]);
    }
    expect(await stored()).toEqual(before);
  });
});
