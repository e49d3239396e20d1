import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { createMemo, createSignal, For, Show } from 'solid-js';
import type { BackupDetail, BackupInfo, OneBackup, Operation, Status } from '../../api.ts';
import { backupTime } from '../../lib/backup-actions.ts';
import { now } from '../../lib/clock.ts';
import { agoText, amountText, countText, momentText } from '../../lib/format.ts';
import { tableLabel } from '../../lib/operations/operation.ts';
import { useMe } from '../../lib/server/session.ts';
import { restoreWords } from '../../strings/restore.ts';
import { words } from '../../strings/shared.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CreateBackup } from '../../ui/create-backup.tsx';
import { RadioGroup } from '../../ui/forms/radio-group.tsx';
import { TableChoice } from '../../ui/forms/table-choice.tsx';
import { ColumnHeaders } from '../../ui/lists/column-headers.tsx';
import { TableName } from '../../ui/lists/table-name.tsx';
import { Preview } from './preview/preview.tsx';
import { RestoreConfirm } from './restore-confirm.tsx';

const { restore: w } = restoreWords;

interface RestorePlanProps {
  info: BackupInfo;
  madeHere: OneBackup['madeHere'];
  detail: BackupDetail | null;
  database: NonNullable<Status['database']>;
  /** Tables named by the address, chosen at first. If the backup holds none of them, none is chosen: never more than was requested. */
  requested: readonly string[];
  lastBackup: string | null;
  onStarted: (operation: Operation) => void;
}

/** Shows what a restore would do, with counts, before anything happens; then asks for confirmation. */
export function RestorePlan(props: RestorePlanProps) {
  const me = useMe();
  const [creating, setCreating] = createSignal(false);
  const [plan, setPlan] = createSignal<string | null>(null);
  const [keepBrokenRules, setKeepBrokenRules] = createSignal(false);
  const requestedNames = () => (props.detail?.tables ?? []).map(({ name }) => name).filter(isRequested);
  const isRequested = (name: string) => props.requested.some((one) => tableLabel(one) === tableLabel(name));
  const [scope, setScope] = createSignal<'all' | 'some'>(props.requested.length > 0 ? 'some' : 'all');
  const [chosen, setChosen] = createSignal<string[]>(requestedNames());
  const tables = createMemo(() =>
    (props.detail?.tables ?? []).toSorted((a, b) => tableLabel(a.name).localeCompare(tableLabel(b.name))),
  );
  const affected = createMemo(() =>
    scope() === 'all' ? tables() : tables().filter(({ name }) => chosen().includes(name)),
  );
  const rowsNow = createMemo(() => new Map(props.database.tables.map(({ name, rows }) => [tableLabel(name), rows])));
  const made = () => momentText(new Date(backupTime(props.info)));
  return (
    <Show when={props.detail} fallback={<p role="alert">{w.damaged}</p>}>
      <div class="space-y-4">
        <Show when={props.info.damaged}>
          {(damage) => (
            <div role="alert" class="rounded-xl bg-bad-wash p-5 text-bad">
              <p class="font-semibold">{w.foundDamaged}</p>
              <p class="mt-1 text-sm break-words text-ink">{damage().message}</p>
            </div>
          )}
        </Show>
        <Card title={props.info.fileName} aside={<BackupBadges backup={props.info} />}>
          <Show when={props.madeHere === 'other'}>
            <p role="alert" class="mb-4 rounded-lg bg-bad-wash p-4 text-sm font-medium break-words text-bad">
              {w.otherDatabase(props.info.origin ?? words.unknown, props.database.name)}
            </p>
          </Show>
          <Show when={props.madeHere === 'unknown'}>
            <p class="mb-4 rounded-lg bg-warn-wash p-4 text-sm break-words text-warn">
              {w.unknownDatabase(props.info.origin, props.database.name)}
            </p>
          </Show>
          <p class="mb-4 text-sm">{w.asOf(made(), agoText(new Date(backupTime(props.info)), now()))}</p>
          <RadioGroup
            legend={w.tables}
            name="restore-scope"
            value={scope()}
            onChange={setScope}
            options={[
              { value: 'all', label: w.allTables },
              { value: 'some', label: w.someOnly, hint: w.partialHint },
            ]}
          />
          <Show when={scope() === 'some'}>
            <div class="mt-4">
              <TableChoice
                legend={w.chosen}
                tables={tables().map(({ name, rows }) => ({
                  name,
                  text: tableLabel(name),
                  more: amountText(rows, 'row'),
                }))}
                chosen={chosen()}
                onChange={setChosen}
              />
            </div>
          </Show>
        </Card>
        <Show when={affected().length > 0} fallback={<p class="text-sm text-soft">{w.noneChosen}</p>}>
          <Card title={w.what}>
            <ul class="list-disc space-y-1.5 pl-5 text-sm">
              <li class="font-medium">{w.replaced(affected().length, props.database.name)}</li>
              <li class="font-medium">{w.lost(made())}</li>
              <li>{w.atomic}</li>
              <li>{w.locked}</li>
              <Show when={!props.info.lastVerified}>
                <li>{w.unverified}</li>
              </Show>
            </ul>
            <div class="mt-4 flex flex-wrap items-center gap-3 rounded-lg bg-warn-wash p-4 text-sm">
              <TriangleAlert class="size-5 shrink-0 text-warn" aria-hidden="true" />
              <p class="min-w-0 flex-1 basis-60">
                {w.noUndo}{' '}
                <Show when={props.lastBackup}>{(at) => <>{w.freshBackup(agoText(new Date(at()), now()))}</>}</Show>
              </p>
              <Show when={me.data?.scopes.includes('backups:create')}>
                <Button onClick={() => setCreating(true)}>{w.backupFirst}</Button>
              </Show>
            </div>
            <Preview
              archive={props.info.fileName}
              tables={scope() === 'all' ? null : chosen()}
              keepBrokenRules={keepBrokenRules()}
              onKeepBrokenRules={setKeepBrokenRules}
              onPlan={setPlan}
            />
            <RowCounts tables={affected()} rowsNow={rowsNow()} />
          </Card>
          <RestoreConfirm
            lead={w.goesBack(
              affected().map(({ name }) => tableLabel(name)),
              props.database.name,
              made(),
            )}
            archive={props.info.fileName}
            database={props.database.name}
            tables={scope() === 'all' ? null : chosen()}
            keepBrokenRules={keepBrokenRules()}
            planDigest={plan()}
            onStarted={props.onStarted}
          />
        </Show>
        <CreateBackup open={creating()} onClose={() => setCreating(false)} />
      </div>
    </Show>
  );
}

function RowCounts(props: { tables: BackupDetail['tables']; rowsNow: ReadonlyMap<string, number | null> }) {
  const before = (name: string) => props.rowsNow.get(tableLabel(name)) ?? null;
  const differenceOf = ({ name, rows }: BackupDetail['tables'][number]) => rows - (before(name) ?? rows);
  return (
    <table class="tabular mt-4 w-full text-sm">
      <caption class="sr-only">{w.tablesCaption}</caption>
      <ColumnHeaders of={[w.table, w.nowRows, w.thenRows]} />
      <tbody>
        <For each={props.tables}>
          {(table) => (
            <tr class="border-t border-line">
              <th scope="row" class="py-1.5 text-left font-normal">
                <TableName name={table.name} />
              </th>
              <td class="py-1.5 text-right text-soft">
                {before(table.name) === null ? words.unknown : countText(before(table.name) ?? 0)}
              </td>
              <td class="py-1.5 pl-4 text-right">
                {countText(table.rows)}
                <Show when={differenceOf(table)}>
                  {(rows) => (
                    <span class={`block text-xs ${rows() < 0 ? 'text-warn' : 'text-soft'}`}>
                      {rows() < 0 ? w.fewer(-rows()) : w.more(rows())}
                    </span>
                  )}
                </Show>
              </td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}
