import type { Browser, Page } from 'playwright-core';
import type { DemoServer } from './demo-server.ts';

/** Signs in through the panel and returns what a browser keeps of it: the cookie and the session marker. */
export async function signIn(browser: Browser, { url, who }: DemoServer) {
  const context = await browser.newContext();
  try {
    await enterPanel(await context.newPage(), url, who);
    return await context.storageState();
  } finally {
    await context.close();
  }
}

/** Signs a page in through the panel, up to the overview. */
export async function enterPanel(page: Page, url: string, who: { email: string; password: string }): Promise<void> {
  await page.goto(new URL('/sign-in', url).href);
  await page.getByLabel('E-mail').fill(who.email);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
}
