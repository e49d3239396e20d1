import { A } from '@solidjs/router';
import { For, type JSX, Show } from 'solid-js';
import type { BackupDetail } from '../../api.ts';
import { bytesText, countText } from '../../lib/format.ts';
import { tableLabel } from '../../lib/operations/operation.ts';
import { rowWords } from '../../strings/rows.ts';
import { words } from '../../strings/shared.ts';
import { Card, DescriptionList } from '../../ui/card.tsx';
import { ColumnHeaders } from '../../ui/lists/column-headers.tsx';
import { TableName } from '../../ui/lists/table-name.tsx';

type Table = BackupDetail['tables'][number];

/** Shows the manifest of a backup in plain words. */
export function Manifest(props: { name: string; detail: BackupDetail; backupId: string; size: number }) {
  const { backup: w } = words;
  const rows = () => props.detail.tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = () => props.detail.tables.reduce((sum, table) => sum + table.bytes, 0);
  const unknown = () => [...props.detail.unknown.columns, ...props.detail.unknown.sequences];
  const losses = () => props.detail.losses.map(({ kind, name, reason }) => w.lossLine(kind, name, reason));
  return (
    <>
      <Card title={w.tables}>
        <p class="mb-3 text-sm text-soft">
          {w.inWords(rows(), props.detail.tables.length, bytes(), props.size)}{' '}
          <span class="print:hidden">{rowWords.lookHint}</span>
        </p>
        <Tables backup={props.name} tables={props.detail.tables} />
      </Card>
      <TextList title={w.losses} tone="text-warn" texts={losses()} />
      <TextList title={w.warnings} tone="text-warn" texts={props.detail.warnings} />
      <TextList title={w.unknown} tone="text-soft" texts={unknown()} />
      <LeftOut of={props.detail.leftOut} />
      <Collapsible title={w.checksums}>
        <p class="mb-3 text-sm text-soft">{w.entries(props.detail.entries.count, props.detail.entries.chunks)}</p>
        <DescriptionList
          of={[
            [w.backupId, <code class="font-mono text-xs break-all">{props.backupId}</code>],
            [w.fingerprint, <code class="font-mono text-xs break-all">{props.detail.schemaFingerprint}</code>],
            [w.program, `${props.detail.application.name} ${props.detail.application.version}`],
            [w.server, `${props.detail.server.version}, ${props.detail.server.encoding}`],
          ]}
        />
      </Collapsible>
    </>
  );
}

/** Renders rarely needed details under a heading that unfolds them. */
function Collapsible(props: { title: string; children: JSX.Element }) {
  return (
    <details class="min-w-0 rounded-xl border border-line bg-card p-5 print-open">
      <summary class="min-h-8 cursor-pointer text-base font-semibold">{props.title}</summary>
      <div class="mt-3">{props.children}</div>
    </details>
  );
}

function TextList(props: { title: string; tone: string; texts: string[] }) {
  return (
    <Show when={props.texts.length > 0}>
      <Card title={props.title}>
        <ul class={`list-disc space-y-1 pl-5 text-sm ${props.tone}`}>
          <For each={props.texts}>{(text) => <li class="break-words">{text}</li>}</For>
        </ul>
      </Card>
    </Show>
  );
}

/** Lists the tables left out, grouped by reason: our own schemas alone have some thirty. */
function LeftOut(props: { of: BackupDetail['leftOut'] }) {
  const byReason = () => [...Map.groupBy(props.of, ({ reason }) => reason)];
  return (
    <Show when={props.of.length > 0}>
      <Card title={words.backup.leftOut}>
        <For each={byReason()}>
          {([reason, left]) => (
            <details class="text-sm">
              <summary class="min-h-8 cursor-pointer py-1">{words.backup.leftOutLine(left.length, reason)}</summary>
              <ul class="mt-1 mb-2 space-y-1 border-l-2 border-line pl-3 font-mono text-xs text-soft">
                <For each={left}>{({ table }) => <li class="break-all">{tableLabel(table)}</li>}</For>
              </ul>
            </details>
          )}
        </For>
      </Card>
    </Show>
  );
}

function Tables(props: { backup: string; tables: Table[] }) {
  const { backup: w } = words;
  return (
    <table class="tabular w-full text-sm">
      <caption class="sr-only">{w.tablesCaption}</caption>
      <ColumnHeaders of={[w.table, w.rows, { wide: w.data }, { wide: w.stored }]} />
      <tbody>
        <For each={props.tables}>
          {(table) => (
            <tr class="border-t border-line align-top">
              <th scope="row" class="py-1.5 text-left font-normal">
                <Columns table={table} />
              </th>
              <td class="py-1 text-right">
                <Show when={table.rows > 0} fallback={<span class="inline-block py-1.5">{countText(0)}</span>}>
                  <A
                    href={`/backups/${encodeURIComponent(props.backup)}/tables/${encodeURIComponent(table.name)}`}
                    class="inline-block py-1.5 text-brand hover:underline print:py-0.5"
                    aria-label={rowWords.look(table.rows, tableLabel(table.name))}
                  >
                    {countText(table.rows)}
                  </A>
                </Show>
              </td>
              <td class="hidden py-2.5 pl-4 text-right whitespace-nowrap sm:table-cell">{bytesText(table.bytes)}</td>
              <td class="hidden py-2.5 pl-4 text-right whitespace-nowrap sm:table-cell">
                {bytesText(table.storedBytes)}
              </td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}

function Columns(props: { table: Table }) {
  const rules = (column: Table['columns'][number]) =>
    [
      props.table.primaryKey.includes(column.name) && words.backup.rules.key,
      column.notNull && words.backup.rules.required,
      column.generated && words.backup.rules.generated,
      ...props.table.links
        .filter((link) => link.columns.includes(column.name))
        .map(({ target }) => words.backup.rules.foreignKey(tableLabel(target))),
    ]
      .filter(Boolean)
      .join(', ');
  return (
    <details>
      <summary class="min-h-8 cursor-pointer py-1">
        <TableName name={props.table.name} />
      </summary>
      <dl
        class="mt-1 mb-2 space-y-1.5 border-l-2 border-line pl-3 text-xs"
        aria-label={words.backup.columnsOf(tableLabel(props.table.name))}
      >
        <For each={props.table.columns}>
          {(column) => (
            <div>
              <dt class="inline font-mono break-all">{column.name}</dt>{' '}
              <dd class="inline text-soft">
                {column.sqlType}
                <Show when={rules(column)}>{(text) => <> ({text()})</>}</Show>
              </dd>
            </div>
          )}
        </For>
      </dl>
    </details>
  );
}
