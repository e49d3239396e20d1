import { A } from '@solidjs/router';
import CircleAlert from 'lucide-solid/icons/circle-alert';
import Info from 'lucide-solid/icons/info';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { For, Match, Switch } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Status } from '../api.ts';
import { words } from '../strings.ts';
import { Button, pressable } from './button.tsx';
import { Card } from './card.tsx';

const ICONS = {
  urgent: { icon: CircleAlert, ink: 'text-bad' },
  soon: { icon: TriangleAlert, ink: 'text-warn' },
  note: { icon: Info, ink: 'text-soft' },
} as const;

/** What should be done, each with the way to do it. */
export function Recommendations(props: { status: Status; onMake: () => void }) {
  const last = () => props.status.lastBackup?.fileName;
  return (
    <Card title={words.overview.recommendations} class="mb-6">
      <ul class="divide-y divide-line">
        <For each={props.status.recommendations}>
          {(one) => (
            <li class="flex flex-wrap items-center gap-x-4 gap-y-2 py-3 first:pt-0 last:pb-0">
              <Dynamic
                component={ICONS[one.level].icon}
                class={`size-5 shrink-0 ${ICONS[one.level].ink}`}
                aria-hidden="true"
              />
              <span class="min-w-0 flex-1 basis-52 text-sm break-words">{one.message}</span>
              <Switch>
                <Match when={one.code === 'NO_BACKUP' || one.code === 'BACKUP_OLD'}>
                  <Button onClick={() => props.onMake()}>{words.backups.make}</Button>
                </Match>
                <Match when={(one.code === 'LAST_NOT_VERIFIED' || one.code === 'LAST_HAS_WARNINGS') && last()}>
                  {(name) => (
                    <A href={`/backups/${encodeURIComponent(name())}`} class={pressable()}>
                      {words.operation.openBackup}
                    </A>
                  )}
                </Match>
                <Match when={one.code === 'LAST_OPERATION_FAILED'}>
                  <A href="/operations" class={pressable()}>
                    {words.operation.open}
                  </A>
                </Match>
              </Switch>
            </li>
          )}
        </For>
      </ul>
    </Card>
  );
}
