import { describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { arrive } from './arrive.fixture.ts';
import { WITHOUT_BROWSER, withPanelServer } from './panel-server.fixture.ts';

/** A4 between its margins, in CSS pixels. */
const PAPER = { width: 680, height: 1009 };
/** The same on its side, for tables with many columns. */
const PAPER_WIDE = { width: 1047, height: 718 };

const PAGES = [
  ['/', PAPER],
  ['/backups', PAPER],
  ['/backups/first.zip', PAPER],
  ['/backups/first.zip/tables/staff', PAPER_WIDE],
  ['/operations', PAPER],
  ['/audit', PAPER],
  ['/status', PAPER],
] as const;

const panel = withPanelServer({ stored: 3 }, (panel) => panel.makeBackup('first'));

/** Returns what is wrong with the page on paper. */
function faultsOnPaper(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const shown = [...document.querySelectorAll('body *')].filter(
      (element) =>
        element.checkVisibility() && element.closest('.sr-only') === null && element.getClientRects().length > 0,
    );
    const nameOf = (element: Element) =>
      `${element.tagName} ${element.className} “${element.textContent?.trim().slice(0, 50)}”`;
    // A whole row that opens is read on paper, too, and looks like text there.
    const pressed = shown.filter((element) =>
      element.matches('body > * nav:not(main nav), input, select, textarea, button:not(th button, li > button)'),
    );
    const cut = shown.filter((element) => {
      const { overflowX, overflowY } = getComputedStyle(element);
      const isWide = overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
      const isHigh = overflowY !== 'visible' && overflowY !== 'clip' && element.scrollHeight > element.clientHeight + 1;
      return isWide || isHigh;
    });
    const outside = shown.filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
    const lightness = (colour: string) => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      return alpha === 0 ? null : (red * 0.299 + green * 0.587 + blue * 0.114) / 255;
    };
    const dark = shown.filter((element) => {
      const back = lightness(getComputedStyle(element).backgroundColor);
      return back !== null && back < 0.85 && element.textContent?.trim() !== '';
    });
    const pale = shown.filter((element) => {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
      );
      return hasText && (lightness(getComputedStyle(element).color) ?? 1) > 0.4;
    });
    return Object.entries({ 'to be pressed': pressed, cut, outside, dark, pale }).flatMap(([what, all]) =>
      all.map((element) => `${what}: ${nameOf(element)}`),
    );
  });
}

describe.skipIf(WITHOUT_BROWSER)('on paper', () => {
  test('every page is black on white in either theme, with nothing to press and nothing cut', async () => {
    await using browser = await panel().open({ colorScheme: 'dark' });
    const { page } = browser;
    await browser.signIn('/');
    const wrong: Record<string, string[]> = {};
    for (const [path, size] of PAGES) {
      await page.emulateMedia({ media: 'screen' });
      await arrive(page, path);
      await page.setViewportSize(size);
      await page.emulateMedia({ media: 'print' });
      const faults = await faultsOnPaper(page);
      if (faults.length > 0) wrong[path] = faults;
    }
    expect(wrong).toEqual({});
  });

  test('a backup says how to restore it by hand, unfolded, on few sheets', async () => {
    await using browser = await panel().open({ colorScheme: 'dark' });
    const { page } = browser;
    await browser.signIn('/backups/first.zip');
    await page.getByText('Technical details').waitFor();
    await page.emulateMedia({ media: 'print' });
    for (const text of ['How to restore this backup', 'Fingerprint of the schema', 'unzip first.zip'])
      await page.getByText(text).first().waitFor();
    const printed = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1');
    expect([...printed.matchAll(/\/Type\s*\/Page\b/g)].length).toBeWithin(1, 4);
  });
});
