import { A, useNavigate } from '@solidjs/router';
import ArchiveRestore from 'lucide-solid/icons/archive-restore';
import Download from 'lucide-solid/icons/download';
import Pin from 'lucide-solid/icons/pin';
import PinOff from 'lucide-solid/icons/pin-off';
import ShieldCheck from 'lucide-solid/icons/shield-check';
import Trash from 'lucide-solid/icons/trash';
import { Show } from 'solid-js';
import type { BackupInfo, Person } from '../../api.ts';
import { type BackupActions, backupTime } from '../../lib/backup-actions.ts';
import { bytesText, countText } from '../../lib/format.ts';
import { restorePath } from '../../lib/restore-path.ts';
import { bulkWords } from '../../strings/bulk.ts';
import { words } from '../../strings/shared.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Menu, type MenuEntry } from '../../ui/menu.tsx';
import { Moment } from '../../ui/moment.tsx';
import { RowCheckbox } from './row-checkbox.tsx';

interface BackupRowProps {
  backup: BackupInfo;
  me: Person;
  actions: BackupActions;
  onRemove: () => void;
  /** True when chosen for an action on several backups; absent when there is no such action. */
  selected?: boolean | undefined;
  onSelect: (chosen: boolean) => void;
}

/** The grid columns of a row on a wide screen. */
export const COLUMNS =
  'md:grid-cols-[1.25rem_minmax(0,1fr)_12.5rem_5rem_5rem_10rem] print:grid-cols-[0_minmax(0,1fr)_11rem_4rem_5rem_0]';

/** Renders one stored backup in the list, with its actions. */
export function BackupRow(props: BackupRowProps) {
  const address = () => `/backups/${encodeURIComponent(props.backup.fileName)}`;
  return (
    <li
      class={`grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 px-4 py-3 has-[[data-choose]:checked]:bg-brand-wash ${COLUMNS}`}
    >
      <div class="col-start-1 row-start-1 self-start md:self-center">
        <Show when={props.selected !== undefined}>
          <RowCheckbox
            label={bulkWords.choose(props.backup.fileName)}
            checked={props.selected ?? false}
            onChange={props.onSelect}
          />
        </Show>
      </div>
      <div class="col-start-2 min-w-0 md:row-start-1">
        <A href={address()} class="text-sm font-medium wrap-anywhere hover:underline">
          {props.backup.fileName}
        </A>
        <div class="mt-1">
          <BackupBadges backup={props.backup} />
        </div>
        <Show when={props.backup.note}>
          <p class="mt-1 line-clamp-2 print:line-clamp-none text-sm break-words text-soft">{props.backup.note}</p>
        </Show>
      </div>
      <div class="col-start-2 text-sm text-soft md:col-start-3 md:row-start-1">
        <Moment at={backupTime(props.backup)} />
        <Show when={props.backup.origin}>
          <span class="block break-all md:truncate print:whitespace-normal" title={props.backup.origin ?? ''}>
            {words.backups.of(props.backup.origin ?? '')}
          </span>
        </Show>
      </div>
      <div class="tabular col-start-2 text-sm text-soft md:col-start-4 md:row-start-1 md:text-right">
        <Show when={props.backup.metadata} fallback={words.unknown}>
          {(metadata) => (
            <>
              {countText(metadata().totalRecords)}
              <span class="md:hidden"> {words.backups.columns.rows.toLowerCase()}</span>
            </>
          )}
        </Show>
        <span class="md:hidden"> · {bytesText(props.backup.size)}</span>
      </div>
      <div class="tabular hidden text-right text-sm text-soft md:col-start-5 md:row-start-1 md:block">
        {bytesText(props.backup.size)}
      </div>
      <div class="max-md:contents md:col-start-6 md:row-start-1 md:flex md:items-center md:justify-end md:gap-1">
        <Show when={props.me.scopes.includes('restores:run') && props.backup.metadata}>
          <A
            href={restorePath(props.backup.fileName)}
            class={`${buttonClass('secondary')} col-start-2 mt-1 justify-self-start whitespace-nowrap md:mt-0`}
            aria-label={words.backups.restoreOf(props.backup.fileName)}
          >
            {words.backup.restore}
          </A>
        </Show>
        <div class="col-start-3 row-start-1 self-start">
          <RowMenu {...props} />
        </div>
      </div>
    </li>
  );
}

function RowMenu(props: BackupRowProps) {
  const navigate = useNavigate();
  const may = (scope: Person['scopes'][number]) => props.me.scopes.includes(scope);
  const name = () => props.backup.fileName;
  const entries = (): MenuEntry[] => {
    const { actions, backup } = props;
    const all: (MenuEntry | false)[] = [
      may('backups:verify') && {
        name: words.backup.verify,
        icon: ShieldCheck,
        onSelect: () => void actions.verify(name()),
      },
      may('backups:download') && {
        name: words.backup.download,
        icon: Download,
        onSelect: () => void actions.download(name()),
      },
      may('restores:run') && {
        name: words.backup.restore,
        icon: ArchiveRestore,
        onSelect: () => navigate(restorePath(name())),
      },
      may('backups:annotate') && {
        name: backup.pinned ? words.backup.unpin : words.backup.pin,
        icon: backup.pinned ? PinOff : Pin,
        onSelect: () => void actions.setPinned(name(), !backup.pinned),
      },
      may('backups:delete') && {
        name: words.backup.remove,
        icon: Trash,
        destructive: true,
        onSelect: () => props.onRemove(),
      },
    ];
    return all.filter((entry) => entry !== false);
  };
  return <Menu label={words.backups.more(name())} entries={entries()} />;
}
