import { A } from '@solidjs/router';
import CircleAlert from 'lucide-solid/icons/circle-alert';
import Info from 'lucide-solid/icons/info';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { For, Match, Switch } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Recommendation } from '../../api.ts';
import { restorePath } from '../../lib/restore-path.ts';
import { words } from '../../strings/shared.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

const ICONS = {
  urgent: { icon: CircleAlert, ink: 'text-bad' },
  soon: { icon: TriangleAlert, ink: 'text-warn' },
  note: { icon: Info, ink: 'text-soft' },
} as const;

interface RecommendationsProps {
  of: Recommendation[];
  onMake: () => void;
}

/** Lists the other recommendations, each with the way to follow it. */
export function Recommendations(props: RecommendationsProps) {
  return (
    <Card title={words.overview.recommendations} class="mb-6">
      <ul class="divide-y divide-line">
        <For each={props.of}>
          {(one) => (
            <li class="flex flex-wrap items-center gap-x-4 gap-y-2 py-3 first:pt-0 last:pb-0">
              <Dynamic
                component={ICONS[one.level].icon}
                class={`size-5 shrink-0 ${ICONS[one.level].ink}`}
                aria-hidden="true"
              />
              <span class="min-w-0 flex-1 basis-52 text-sm break-words">{one.message}</span>
              <RecommendationAction what={one} onMake={props.onMake} />
            </li>
          )}
        </For>
      </ul>
    </Card>
  );
}

/** Renders the link or button to follow a recommendation; nothing when only the machine's operator can. */
export function RecommendationAction(props: { what: Recommendation; onMake: () => void }) {
  const isOneOf = (...codes: string[]) => codes.includes(props.what.code);
  return (
    <Switch>
      <Match when={isOneOf('NO_BACKUP', 'BACKUP_OLD')}>
        <Button onClick={() => props.onMake()}>{words.backups.make}</Button>
      </Match>
      <Match when={isOneOf('TABLES_EMPTIED') && props.what.archive}>
        {(name) => (
          <A href={restorePath(name(), props.what.tables)} class={buttonClass()}>
            {words.backup.restore}
          </A>
        )}
      </Match>
      <Match when={isOneOf('LAST_NOT_VERIFIED', 'LAST_INCOMPLETE', 'LAST_HAS_WARNINGS') && props.what.archive}>
        {(name) => (
          <A href={`/backups/${encodeURIComponent(name())}`} class={buttonClass()}>
            {words.operation.openBackup}
          </A>
        )}
      </Match>
      <Match when={isOneOf('LAST_DAMAGED', 'DAMAGED_BACKUPS')}>
        <A href="/backups?show=damaged" class={buttonClass()}>
          {words.overview.damaged}
        </A>
      </Match>
      <Match when={isOneOf('LITTLE_SPACE')}>
        <A href="/backups" class={buttonClass()}>
          {words.overview.all}
        </A>
      </Match>
      <Match when={isOneOf('LAST_OPERATION_FAILED')}>
        <A href="/operations" class={buttonClass()}>
          {words.operation.open}
        </A>
      </Match>
    </Switch>
  );
}
