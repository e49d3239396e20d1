import { html, raw } from 'hono/html';
import { AppError } from '../../core/errors.ts';
import { FIRST_COMMANDS } from './first-commands.ts';
import type { Overview, TableRows } from './overview.ts';

type Html = ReturnType<typeof html>;

/** Newest backups shown; the command lists all. */
const SHOWN_BACKUPS = 20;

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5b6670; --line: #d8dee3; --ground: #fbfcfc; --card: #fff; --bad: #a4262c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaed; --soft: #9aa6af; --line: #333b42; --ground: #14181b; --card: #1b2024; --bad: #ff9a94; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 0 0 .5rem; font-size: 1.1rem; }
p { margin: .25rem 0; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); margin-top: 1.25rem; }
section { padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); min-width: 0; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; overflow-wrap: anywhere; }
thead th { border: 0; color: var(--soft); font-size: .875rem; }
tr > :nth-child(2) { padding-left: 1rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
dl { margin: 0; }
dt { overflow-wrap: anywhere; }
dd { margin: 0 0 .6rem; color: var(--soft); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.bad { color: var(--bad); }
`;

/**
 * Returns the front page: connections, stored backups, commands to run. Without an overview, for readers who may not
 * see it, only the version. Plain HTML without script; everything in it is escaped.
 */
export function frontPage(overview: Overview | null, version: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Palace Backup</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<header><h1>Palace Backup</h1><p class="soft">Version ${version}</p></header>
${overview === null ? html`<p>What is backed up here is told to those who sign in, and on the server’s own machine.</p>` : overviewPart(overview)}
</body>
</html>
`;
}

function overviewPart(overview: Overview): Html {
  return html`<main>
<section aria-labelledby="database"><h2 id="database">Database</h2>${databasePart(overview.database)}</section>
<section aria-labelledby="backups"><h2 id="backups">Backups</h2>${storagePart(overview.storage)}</section>
<section aria-labelledby="commands"><h2 id="commands">Commands</h2>
<p class="soft">To run in the project's folder; they use the same database and storage. Each takes <code>--help</code>.</p>
<dl>${FIRST_COMMANDS.map(({ words, does }) => html`<dt><code>bun run scripts/${words}</code></dt><dd>${does}</dd>`)}</dl></section>
</main>`;
}

function databasePart({ url, state }: Overview['database']): Html {
  if (state instanceof AppError) return html`<p><code>${url}</code></p>${faultPart(state)}`;
  const there = state.tables.filter((table) => table.rows !== null).length;
  return html`<p><code>${url}</code></p><p class="soft">PostgreSQL ${state.version}, ${there} of ${state.tables.length} tables there</p>
<table><thead><tr><th scope="col">Table</th><th scope="col">Rows</th></tr></thead>
<tbody>${state.tables.map((table) => html`<tr><th scope="row">${table.name}</th><td>${rowsText(table.rows)}</td></tr>`)}</tbody></table>`;
}

function storagePart({ label, state }: Overview['storage']): Html {
  if (state instanceof AppError) return html`<p><code>${label}</code></p>${faultPart(state)}`;
  const { backups, totalSize } = state;
  if (backups.length === 0) return html`<p><code>${label}</code></p><p>None yet. The first command makes one.</p>`;
  const more = backups.length - SHOWN_BACKUPS;
  return html`<p><code>${label}</code></p><p class="soft">${backups.length} stored, ${sizeText(totalSize)} together</p>
<table><thead><tr><th scope="col">Name</th><th scope="col">Size</th></tr></thead>
<tbody>${backups
    .slice(0, SHOWN_BACKUPS)
    .map(
      ({ name, size, createdAt }) =>
        html`<tr><th scope="row">${name}<br><time class="soft" datetime="${createdAt.toISOString()}">${momentText(createdAt)}</time></th><td>${sizeText(size)}</td></tr>`,
    )}</tbody></table>${more > 0 ? html`<p class="soft">and ${more} older</p>` : ''}`;
}

function faultPart(error: AppError): Html {
  return html`<p class="bad" role="alert">${error.message} <code>${error.code}</code></p>${error.hint ? html`<p>${error.hint}</p>` : ''}`;
}

function rowsText(rows: TableRows['rows']): string {
  if (rows === null) return 'not there';
  const count = rows.count.toLocaleString('en');
  return rows.exact ? count : `about ${count}`;
}

function momentText(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
