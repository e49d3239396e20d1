import type { Browser } from 'playwright-core';
import type { House } from './house.ts';

/** Signs in through the panel, and gives what a browser keeps of it: the cookie and the mark of the session. */
export async function signIn(browser: Browser, { url, who }: House) {
  const context = await browser.newContext({ baseURL: url });
  try {
    const page = await context.newPage();
    await page.goto('/sign-in');
    await page.getByLabel('E-mail').fill(who.email);
    await page.getByLabel('Password', { exact: true }).fill(who.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    return await context.storageState();
  } finally {
    await context.close();
  }
}
