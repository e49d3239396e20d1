import { A } from '@solidjs/router';
import ArchiveRestore from 'lucide-solid/icons/archive-restore';
import Download from 'lucide-solid/icons/download';
import Link from 'lucide-solid/icons/link';
import Pin from 'lucide-solid/icons/pin';
import PinOff from 'lucide-solid/icons/pin-off';
import ShieldCheck from 'lucide-solid/icons/shield-check';
import Trash from 'lucide-solid/icons/trash';
import { createSignal, Show } from 'solid-js';
import type { BackupInfo, Person } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import type { BackupActions } from '../../lib/backup-actions.ts';
import { copyText } from '../../lib/input/copy-action.ts';
import { restorePath } from '../../lib/restore-path.ts';
import { useMe } from '../../lib/server/session.ts';
import { words } from '../../strings/shared.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';

interface BackupToolbarProps {
  backup: BackupInfo;
  actions: BackupActions;
  onRemove: () => void;
}

/** Renders the actions on a backup as buttons; those the person may not use are absent. */
export function BackupToolbar(props: BackupToolbarProps) {
  const me = useMe();
  const [link, setLink] = createSignal<string | null>(null);
  const name = () => props.backup.fileName;
  const may = (scope: Person['scopes'][number]) => me.data?.scopes.includes(scope) ?? false;
  const busy = (what: string) => props.actions.busy() === what;
  const copyLink = async () => {
    const address = await props.actions.link(name());
    setLink(address);
    if (address !== null) announce((await copyText(address)) ? words.backup.linkCopied : words.backup.linkReady);
  };
  return (
    <div class="mb-6 print:hidden">
      <div class="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        <Show when={may('restores:run') && props.backup.metadata}>
          <A href={restorePath(name())} class={buttonClass('primary')}>
            <ArchiveRestore class="size-4" aria-hidden="true" />
            {words.backup.restore}
          </A>
        </Show>
        <Show when={may('backups:download')}>
          <Button busy={busy('download')} onClick={() => void props.actions.download(name())}>
            <Download class="size-4" aria-hidden="true" />
            {words.backup.download}
          </Button>
          <Button busy={busy('link')} onClick={() => void copyLink()}>
            <Link class="size-4" aria-hidden="true" />
            {words.backup.copyLink}
          </Button>
        </Show>
        <Show when={may('backups:verify')}>
          <Button busy={busy('verify')} onClick={() => void props.actions.verify(name())}>
            <ShieldCheck class="size-4" aria-hidden="true" />
            {words.backup.verify}
          </Button>
        </Show>
        <Show when={may('backups:annotate')}>
          <Button busy={busy('pin')} onClick={() => void props.actions.setPinned(name(), !props.backup.pinned)}>
            <Show when={props.backup.pinned} fallback={<Pin class="size-4" aria-hidden="true" />}>
              <PinOff class="size-4" aria-hidden="true" />
            </Show>
            {props.backup.pinned ? words.backup.unpin : words.backup.pin}
          </Button>
        </Show>
        <Show when={may('backups:delete')}>
          <Button variant="danger-outline" onClick={() => props.onRemove()}>
            <Trash class="size-4" aria-hidden="true" />
            {words.backup.remove}
          </Button>
        </Show>
      </div>
      <Show when={link()}>
        {(address) => (
          <p class="mt-3 text-sm">
            {words.backup.linkCopied} <code class="font-mono text-xs break-all text-soft">{address()}</code>
          </p>
        )}
      </Show>
      <Show when={props.actions.failure()}>
        {(failure) => (
          <div class="mt-3">
            <FailureNotice failure={failure()} />
          </div>
        )}
      </Show>
    </div>
  );
}
