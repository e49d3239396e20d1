import type { LucideProps } from 'lucide-solid';
import Download from 'lucide-solid/icons/download';
import Pin from 'lucide-solid/icons/pin';
import PinOff from 'lucide-solid/icons/pin-off';
import ShieldCheck from 'lucide-solid/icons/shield-check';
import Trash from 'lucide-solid/icons/trash';
import { type Component, For, Show } from 'solid-js';
import type { BackupInfo, Person, Scope } from '../../api.ts';
import { bulkWords as w } from '../../strings/bulk.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { COLUMNS } from './backup-row.tsx';
import type { BulkAction } from './bulk-run.ts';
import { RowCheckbox } from './row-checkbox.tsx';

const ACTIONS: readonly { kind: BulkAction; icon: Component<LucideProps>; scope: Scope }[] = [
  { kind: 'verify', icon: ShieldCheck, scope: 'backups:verify' },
  { kind: 'download', icon: Download, scope: 'backups:download' },
  { kind: 'pin', icon: Pin, scope: 'backups:annotate' },
  { kind: 'unpin', icon: PinOff, scope: 'backups:annotate' },
  { kind: 'remove', icon: Trash, scope: 'backups:delete' },
];

/** Returns whether the person may do anything with several backups at once. */
export function mayRunBulkActions({ scopes }: Person): boolean {
  return ACTIONS.some(({ scope }) => scopes.includes(scope));
}

interface SelectionBarProps {
  shown: BackupInfo[];
  selected: BackupInfo[];
  me: Person;
  onSelectAll: (all: boolean) => void;
  onAsk: (kind: BulkAction) => void;
}

/** Renders the column names above the rows, or the actions on the chosen ones. Both are equally high, so that no row moves. */
export function SelectionBar(props: SelectionBarProps) {
  const all = () => props.selected.length > 0 && props.selected.length === props.shown.length;
  const actions = () =>
    ACTIONS.filter(
      ({ kind, scope }) =>
        props.me.scopes.includes(scope) &&
        // Either pin or unpin, as in a row's own menu.
        (kind !== 'pin' || props.selected.some(({ pinned }) => !pinned)) &&
        (kind !== 'unpin' || props.selected.every(({ pinned }) => pinned)),
    );
  return (
    <div
      data-selection-bar=""
      class={`sticky top-0 z-10 grid min-h-13 grid-cols-[1.25rem_1fr] items-center gap-x-3 border-b border-line bg-card px-4 text-sm text-soft in-[:root:has([data-lost])]:top-9 low:static ${props.selected.length > 0 ? '' : COLUMNS}`}
    >
      <Show when={mayRunBulkActions(props.me)} fallback={<span />}>
        <RowCheckbox
          label={w.chooseAll}
          checked={all()}
          mixed={props.selected.length > 0 && !all()}
          onChange={props.onSelectAll}
        />
      </Show>
      <Show
        when={props.selected.length > 0}
        fallback={
          // The cells below name themselves to screen readers.
          <span aria-hidden="true" class="contents">
            <span class="md:hidden">{w.chooseAll}</span>
            <span class="hidden md:block">{words.backups.columns.name}</span>
            <span class="hidden md:block">{words.backups.columns.made}</span>
            <span class="hidden text-right md:block">{words.backups.columns.rows}</span>
            <span class="hidden text-right md:block">{words.backups.columns.size}</span>
          </span>
        }
      >
        <div role="toolbar" aria-label={w.toolbar} class="flex flex-wrap items-center justify-between gap-x-3">
          <span class="tabular font-medium text-ink">{w.chosen(props.selected.length)}</span>
          <span class="flex">
            <For each={actions()}>
              {({ kind, icon: Icon }) => (
                <Button
                  variant="ghost"
                  title={w.names[kind]}
                  aria-label={w.names[kind]}
                  class={`max-sm:w-11 max-sm:px-0! ${kind === 'remove' ? 'text-bad!' : ''}`}
                  onClick={() => props.onAsk(kind)}
                >
                  <Icon class="size-4" aria-hidden="true" />
                  <span class="max-sm:hidden">{w.names[kind]}</span>
                </Button>
              )}
            </For>
          </span>
        </div>
      </Show>
    </div>
  );
}
