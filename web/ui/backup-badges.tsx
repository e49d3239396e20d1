import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleDashed from 'lucide-solid/icons/circle-dashed';
import CircleX from 'lucide-solid/icons/circle-x';
import Pin from 'lucide-solid/icons/pin';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { Match, Show, Switch } from 'solid-js';
import type { BackupInfo } from '../api.ts';
import { words } from '../strings/shared.ts';
import { Badge } from './badge.tsx';

/** Shows the state of a stored backup in a few words. */
export function BackupBadges(props: { backup: BackupInfo }) {
  const { state: w } = words;
  return (
    <span class="flex flex-wrap gap-1.5">
      <Switch
        fallback={
          <Badge tone="warn" icon={<CircleDashed class="size-3.5" aria-hidden="true" />}>
            {w.unverified}
          </Badge>
        }
      >
        <Match when={props.backup.damaged}>
          <Badge tone="bad" icon={<CircleX class="size-3.5" aria-hidden="true" />}>
            {w.damaged}
          </Badge>
        </Match>
        <Match when={props.backup.lastVerified}>
          <Badge tone="good" title={w.verifiedAt} icon={<CircleCheck class="size-3.5" aria-hidden="true" />}>
            {w.verified}
          </Badge>
        </Match>
      </Switch>
      <Show when={props.backup.pinned}>
        <Badge tone="brand" icon={<Pin class="size-3.5" aria-hidden="true" />}>
          {w.pinned}
        </Badge>
      </Show>
      <Show when={props.backup.outcome === 'partial'}>
        <Badge tone="warn" icon={<TriangleAlert class="size-3.5" aria-hidden="true" />}>
          {w.incomplete}
        </Badge>
      </Show>
      <Show when={props.backup.kind === 'partial'}>
        <Badge tone="calm">{w.partial}</Badge>
      </Show>
      <Show when={props.backup.kind === 'uploaded'}>
        <Badge tone="calm">{w.uploaded}</Badge>
      </Show>
      <Show when={props.backup.warnings > 0}>
        <Badge tone="warn" icon={<TriangleAlert class="size-3.5" aria-hidden="true" />}>
          {w.warnings(props.backup.warnings)}
        </Badge>
      </Show>
    </span>
  );
}
