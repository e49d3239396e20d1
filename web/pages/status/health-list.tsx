import { A } from '@solidjs/router';
import CircleAlert from 'lucide-solid/icons/circle-alert';
import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleQuestionMark from 'lucide-solid/icons/circle-question-mark';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { For, Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { words } from '../../strings/shared.ts';
import { statusWords as w } from '../../strings/status.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Check } from './health.ts';

const APPEARANCE = {
  good: { icon: CircleCheck, tone: 'good' },
  warn: { icon: TriangleAlert, tone: 'warn' },
  bad: { icon: CircleAlert, tone: 'bad' },
  unknown: { icon: CircleQuestionMark, tone: 'calm' },
} as const;

/** Lists the checks, each with its state in words and what to do. */
export function HealthList(props: { checks: Check[] }) {
  return (
    <ul aria-label={w.checks} class="divide-y divide-line">
      <For each={props.checks}>
        {(check) => (
          <li
            data-check={check.name}
            class="grid grid-cols-[1fr_auto] gap-x-4 gap-y-1 py-3 text-sm first:pt-0 last:pb-0 md:grid-cols-[9rem_minmax(0,1fr)_9rem]"
          >
            <p class="font-medium">{check.name}</p>
            <div class="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
              <p class="break-words">
                {check.text}{' '}
                <Show when={check.href}>
                  {(href) => (
                    <A href={href()} class="underline" aria-label={`${words.operation.open}: ${check.name}`}>
                      {words.operation.open}
                    </A>
                  )}
                </Show>
              </p>
              <Show when={check.hint}>{(hint) => <p class="mt-0.5 break-words text-soft">{hint()}</p>}</Show>
            </div>
            <p class="md:text-right">
              <Badge
                tone={APPEARANCE[check.state].tone}
                icon={<Dynamic component={APPEARANCE[check.state].icon} class="size-3.5" aria-hidden="true" />}
              >
                {w.states[check.state]}
              </Badge>
            </p>
          </li>
        )}
      </For>
    </ul>
  );
}
