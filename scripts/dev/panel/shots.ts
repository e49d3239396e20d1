import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { DemoServer } from './demo-server.ts';

/** One screenshot: the page, and the actions before it is taken. */
export interface Shot {
  name: string;
  path: string;
  /** Heading that is waited for; the page's own, at any level. */
  heading: string | RegExp;
  /** True when nobody is signed in. */
  outside?: true;
  /** True for the whole page, however long; otherwise only the window. */
  whole?: true;
  prepare?: (page: Page, server: DemoServer) => Promise<void>;
  /** Undoes what `prepare` has begun. */
  after?: (page: Page, server: DemoServer) => Promise<void>;
}

const KEPT = '/backups/before-the-move.zip';
const ROWS = `${KEPT}/tables/staff`;
const RESTORE = '/restore?backup=before-the-move.zip';

const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole('button', { name }).first().click();
};
const openDialog = (name: string | RegExp) => async (page: Page) => {
  await press(name)(page);
  await page.getByRole('dialog').waitFor();
};

/** Screenshots while nothing is stored. */
export const EMPTY_SHOTS: Shot[] = [
  { name: 'overview-empty', path: '/', heading: 'Overview', whole: true },
  { name: 'backups-empty', path: '/backups', heading: 'Backups' },
  { name: 'operations-empty', path: '/operations', heading: 'Operations' },
  { name: 'restore-empty', path: '/restore', heading: 'Restore', whole: true },
];

/** Screenshots with a week of backups. */
export const SHOTS: Shot[] = [
  { name: 'sign-in', path: '/sign-in', heading: 'Sign in', outside: true },
  {
    name: 'sign-in-wrong',
    path: '/sign-in',
    heading: 'Sign in',
    outside: true,
    async prepare(page) {
      await page.getByLabel('E-mail').fill('nobody@owu.example');
      await page.getByLabel('Password', { exact: true }).fill('not it');
      await press('Sign in')(page);
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'break-glass', path: '/break-glass#code', heading: 'Emergency access', outside: true },
  { name: 'overview', path: '/', heading: 'Overview', whole: true },
  { name: 'backups', path: '/backups', heading: 'Backups', whole: true },
  { name: 'backups-none-fits', path: '/backups?search=nothing+like+it', heading: 'Backups' },
  {
    name: 'backups-menu',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await press('Actions for before-the-move.zip')(page);
      await page.getByRole('menuitem', { name: 'Download' }).waitFor();
    },
  },
  {
    name: 'backups-chosen',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      for (const name of ['payroll-only.zip', 'before-the-move.zip']) await page.getByLabel(`Select ${name}`).check();
    },
  },
  {
    name: 'delete-many',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await page.getByLabel('Select all shown').check();
      await openDialog('Delete')(page);
    },
  },
  {
    name: 'verify-many',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      for (const name of ['payroll-only.zip', 'from-the-old-server.zip'])
        await page.getByLabel(`Select ${name}`).check();
      await openDialog('Verify')(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Verify' }).click();
      await page.getByRole('dialog').getByText('Every byte is correct.').waitFor();
    },
  },
  {
    name: 'go-to',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await openDialog('Go to …')(page);
      await page.getByRole('option', { name: /payroll-only/ }).waitFor();
    },
  },
  {
    name: 'account-menu',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await press(/^Signed in as/)(page);
      await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    },
  },
  {
    name: 'create',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await openDialog('Create backup')(page);
      await page.getByLabel('Only some').check();
      await page.getByLabel('staff', { exact: false }).first().check();
    },
  },
  { name: 'backup', path: KEPT, heading: 'before-the-move.zip', whole: true },
  {
    name: 'backup-found',
    path: KEPT,
    heading: 'before-the-move.zip',
    whole: true,
    async prepare(page) {
      await page.getByLabel('Search for').fill('finance');
      await press('Search')(page);
      await page
        .getByText(/\d+ rows? found/)
        .first()
        .waitFor();
    },
  },
  {
    name: 'backup-printed',
    path: KEPT,
    heading: 'before-the-move.zip',
    whole: true,
    prepare: (page) => page.emulateMedia({ media: 'print' }),
  },
  { name: 'backup-damaged', path: '/backups/from-the-old-server.zip', heading: 'from-the-old-server.zip' },
  {
    name: 'delete',
    path: '/backups/payroll-only.zip',
    heading: 'payroll-only.zip',
    async prepare(page) {
      await openDialog('Delete …')(page);
      await page.getByRole('button', { name: 'Delete permanently' }).click();
    },
  },
  { name: 'restore', path: '/restore', heading: 'Restore', whole: true },
  {
    name: 'restore-file',
    path: '/restore',
    heading: 'Restore',
    async prepare(page, server) {
      const buffer = await readFile(join(server.folder, 'before-the-move.zip'));
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'before-the-move.zip', mimeType: 'application/zip', buffer });
      await page.getByRole('button', { name: 'Upload file' }).waitFor();
    },
  },
  {
    name: 'restore-file-refused',
    path: '/restore',
    heading: 'Restore',
    async prepare(page, server) {
      const buffer = await readFile(join(server.folder, 'from-the-old-server.zip'));
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'from-the-old-server.zip', mimeType: 'application/zip', buffer });
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'restore-plan', path: RESTORE, heading: 'Restore', whole: true },
  {
    name: 'restore-confirm',
    path: RESTORE,
    heading: 'Confirm',
    whole: true,
    async prepare(page) {
      await page.getByLabel(/^Type the name of the database/).fill('palac');
      await press('Replace live data')(page);
      await page.getByText('That is not the name of the database.').waitFor();
    },
  },
  { name: 'operations', path: '/operations', heading: 'Operations', whole: true },
  {
    name: 'operation-failed',
    path: '/operations?state=failed',
    heading: 'Operations',
    async prepare(page) {
      await page.getByRole('list', { name: 'Operations' }).getByRole('link').first().click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'rows-hidden', path: ROWS, heading: 'staff' },
  { name: 'rows-asking', path: ROWS, heading: 'staff', prepare: (page) => openDialog(/^Show .* columns$/)(page) },
  { name: 'rows-revealed', path: ROWS, heading: 'staff', prepare: reveal },
  {
    name: 'rows-one',
    path: ROWS,
    heading: 'staff',
    async prepare(page, server) {
      await reveal(page, server);
      await openDialog('Open row 2')(page);
    },
  },
  { name: 'rows-none-fits', path: `${ROWS}?search=nothing+like+it`, heading: 'staff' },
  {
    name: 'audit',
    path: '/audit',
    heading: 'Audit',
    async prepare(page) {
      // Present whichever screenshots are taken; the entries around it depend on those before.
      await page
        .getByRole('list', { name: 'Audit log' })
        .getByRole('button', { name: /Signed in/ })
        .first()
        .click();
    },
  },
  {
    name: 'audit-filters',
    path: '/audit',
    heading: 'Audit',
    async prepare(page) {
      const more = page.getByRole('button', { name: 'More filters' });
      if (await more.isVisible()) await more.click();
      await press('Check the log')(page);
      await page.getByText(/The log is intact/).waitFor();
    },
  },
  { name: 'access', path: '/access', heading: 'Access', whole: true, prepare: makeTokens },
  {
    name: 'token-making',
    path: '/access',
    heading: 'Access',
    async prepare(page) {
      await openDialog('Create token')(page);
      await press('Create token')(page);
      await page.getByText('Give it a name').waitFor();
    },
  },
  {
    name: 'token-shown',
    path: '/access',
    heading: 'Access',
    prepare: (page, server) => makeToken(page, server, 'backup watcher'),
    after: (page) => press('I have copied it')(page),
  },
  { name: 'token-revoking', path: '/access', heading: 'Access', prepare: (page) => openDialog(/^Revoke /)(page) },
  { name: 'status', path: '/status', heading: 'Status', whole: true },
  {
    name: 'status-trouble',
    path: '/status',
    heading: 'Status',
    async prepare(page, server) {
      await using session = await server.session();
      await session.query('CREATE TABLE public.holidays (id text PRIMARY KEY)');
      await page.reload();
      await page.getByText('holidays').first().waitFor();
    },
    async after(_, server) {
      await using session = await server.session();
      await session.query('DROP TABLE public.holidays');
    },
  },
  {
    name: 'more',
    path: '/audit',
    heading: 'Audit',
    async prepare(page) {
      const more = page.getByRole('button', { name: 'Audit, and more places' });
      if (await more.isVisible()) await more.click();
    },
  },
  { name: 'not-found', path: '/nowhere', heading: 'Page not found' },
  {
    name: 'offline',
    path: '/backups',
    heading: 'Backups',
    async prepare(page) {
      await page.context().setOffline(true);
      await page.getByRole('link', { name: 'Operations' }).click();
      await page.getByText('The server does not answer.').first().waitFor();
    },
    after: (page) => page.context().setOffline(false),
  },
  {
    name: 'restore-running',
    path: RESTORE,
    heading: 'Confirm',
    async prepare(page, server) {
      // Somebody reads a table: the restore has loaded everything and waits for it.
      const session = await server.session();
      await session.query('BEGIN; LOCK TABLE public.staff IN ACCESS SHARE MODE');
      sessions.set(page, session);
      await confirm(page, server);
      // Not the live region, which only screen readers see.
      await page.getByRole('main').getByText('Waiting for the tables').waitFor();
    },
    async after(page) {
      const session = sessions.get(page);
      await session?.query('ROLLBACK');
      await session?.[Symbol.asyncDispose]();
      await page.getByRole('main').getByText('Restore complete.').waitFor();
    },
  },
  {
    name: 'restore-done',
    path: RESTORE,
    heading: 'Confirm',
    async prepare(page, server) {
      await confirm(page, server);
      await page.getByRole('main').getByText('Restore complete.').waitFor();
    },
  },
];

const sessions = new WeakMap<Page, Awaited<ReturnType<DemoServer['session']>>>();

async function confirm(page: Page, server: DemoServer): Promise<void> {
  await page.getByLabel(/^Type the name of the database/).fill(new URL(server.databaseUrl).pathname.slice(1));
  await again(page, server);
  await press('Replace live data')(page);
}

/** Enters the password where it was not given lately. */
async function again(page: Page, server: DemoServer): Promise<void> {
  const password = page.getByLabel('Confirm your password');
  if (await password.isVisible()) await password.fill(server.who.password);
}

async function reveal(page: Page, server: DemoServer): Promise<void> {
  await openDialog(/^Show .* columns$/)(page);
  await again(page, server);
  await press('Show columns')(page);
  await page.getByRole('button', { name: 'Hide columns' }).waitFor();
}

async function makeToken(page: Page, server: DemoServer, name: string): Promise<void> {
  await openDialog('Create token')(page);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await again(page, server);
  await press('Create token')(page);
  await page.getByRole('button', { name: 'I have copied it' }).waitFor();
}

/** Creates two tokens and an invalid one for the first screenshot; later ones reuse them. */
async function makeTokens(page: Page, server: DemoServer): Promise<void> {
  const list = page.getByRole('list', { name: 'Tokens' });
  if (await list.isVisible()) return;
  for (const name of ['nightly backup', 'old watcher', 'dashboard']) {
    await makeToken(page, server, name);
    await press('I have copied it')(page);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  await openDialog('Revoke old watcher')(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText('1 token that is no longer valid').waitFor();
}
