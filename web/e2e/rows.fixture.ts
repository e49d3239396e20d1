import type { Page } from 'playwright-core';
import type { Visit } from './stage.fixture.ts';

/** The box with the rows of a table. */
export const rowsOf = (page: Page, table: string) => page.getByRole('region', { name: `Rows of ${table}` });
/** Nothing is on its way any more. */
export const settled = (page: Page) =>
  page.waitForFunction(
    () => !document.querySelector('.skeleton') && !document.querySelector('section[aria-busy=true]'),
  );

/** Signs in and opens `<table>?<what of it>` of the backup `first`. */
export async function look(visit: Visit, path: string): Promise<void> {
  await visit.signIn(`/backups/first.zip/tables/${path}`);
  await settled(visit.page);
}
