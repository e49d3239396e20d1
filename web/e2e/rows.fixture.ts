import type { Page } from 'playwright-core';
import type { BrowserSession } from './panel-server.fixture.ts';

/** Finds the box with the rows of a table. */
export const rowsOf = (page: Page, table: string) => page.getByRole('region', { name: `Rows of ${table}` });
/** Waits until nothing is loading. */
export const settled = (page: Page) =>
  page.waitForFunction(
    () => !document.querySelector('.skeleton') && !document.querySelector('section[aria-busy=true]'),
  );

/** Signs in and opens `<table>?<parameters>` of the backup `first`. */
export async function openRows(visit: BrowserSession, path: string): Promise<void> {
  await visit.signIn(`/backups/first.zip/tables/${path}`);
  await settled(visit.page);
}
