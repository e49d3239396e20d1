import Check from 'lucide-solid/icons/check';
import Minus from 'lucide-solid/icons/minus';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import X from 'lucide-solid/icons/x';
import { For } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { now } from '../../lib/clock.ts';
import { dayText } from '../../lib/format.ts';
import { historyWords as w } from '../../strings/history.ts';
import type { BackupDay, DayState } from './backup-days.ts';

const APPEARANCE = {
  good: { box: 'bg-good-wash text-good', icon: Check },
  partial: { box: 'bg-warn-wash text-warn', icon: TriangleAlert },
  failed: { box: 'bg-bad-wash text-bad', icon: X },
  none: { box: 'bg-sunk text-soft', icon: Minus },
} as const satisfies Record<DayState, unknown>;

const STATES = Object.keys(APPEARANCE) as DayState[];

/** Renders a row of days, each with the state of its backups. Colour only repeats the sign. */
export function Days(props: { of: BackupDay[] }) {
  const label = ({ day, state }: BackupDay) => w.day(dayText(day, now()), w.states[state]);
  return (
    <>
      <ol aria-label={w.caption} class="grid grid-cols-7 gap-1.5 sm:grid-cols-14">
        <For each={props.of}>
          {(day) => (
            <li
              title={label(day)}
              class={`flex flex-col items-center gap-1 rounded-md py-2 ${APPEARANCE[day.state].box}`}
            >
              <Dynamic component={APPEARANCE[day.state].icon} class="size-4" aria-hidden="true" />
              <span class="tabular text-xs" aria-hidden="true">
                {day.day.getDate()}
              </span>
              <span class="sr-only">{label(day)}</span>
            </li>
          )}
        </For>
      </ol>
      <ul class="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-sm text-soft" aria-hidden="true">
        <For each={STATES}>
          {(state) => (
            <li class="flex items-center gap-1.5">
              <span class={`inline-flex size-5 items-center justify-center rounded ${APPEARANCE[state].box}`}>
                <Dynamic component={APPEARANCE[state].icon} class="size-3.5" />
              </span>
              {w.states[state]}
            </li>
          )}
        </For>
      </ul>
    </>
  );
}
