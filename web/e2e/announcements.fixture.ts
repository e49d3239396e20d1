import type { Page } from 'playwright-core';

/** The announcements a page makes to screen readers. */
export interface Announcements {
  /** Returns every announcement so far, in order. */
  all(): Promise<string[]>;
  /** Waits for an announcement that contains this text. */
  waitFor(text: string): Promise<void>;
}

/** Listens from now on, until the page is reloaded. */
export async function recordAnnouncements(page: Page): Promise<Announcements> {
  await page.evaluate(() => {
    const region = document.querySelector('[data-announced]');
    if (!region) throw new Error('the page tells nothing');
    const heard: string[] = [];
    const hear = () => {
      if (region.textContent) heard.push(region.textContent);
    };
    new MutationObserver(hear).observe(region, { childList: true, characterData: true, subtree: true });
    Object.assign(window, { heard });
  });
  return {
    all: () => page.evaluate(() => Reflect.get(window, 'heard') as string[]),
    async waitFor(text) {
      await page.waitForFunction(
        (wanted) => (Reflect.get(window, 'heard') as string[]).some((one) => one.includes(wanted)),
        text,
      );
    },
  };
}
