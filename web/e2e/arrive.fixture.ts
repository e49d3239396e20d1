import type { Page } from 'playwright-core';
import { navigate } from './panel-server.fixture.ts';

/** The heading of an address the panel does not know. */
export const NOWHERE = 'Page not found';

/** Navigates inside the loaded panel and waits for the whole page. It passes through an empty page, so that the target starts anew. */
export async function arrive(page: Page, path: string, title?: string): Promise<void> {
  const nowhere = page.getByRole('heading', { level: 1, name: NOWHERE });
  await navigate(page, '/nowhere-else');
  await nowhere.waitFor();
  if (title === NOWHERE) return;
  await navigate(page, path);
  await nowhere.waitFor({ state: 'detached' });
  await page.getByRole('heading', { level: 1, ...(title && { name: title }) }).waitFor();
  await page.waitForFunction(() => !document.querySelector('.skeleton'));
}
