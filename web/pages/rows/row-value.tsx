import { Match, Switch } from 'solid-js';
import { rowWords as w } from '../../strings/rows.ts';
import { Badge } from '../../ui/badge.tsx';

/** Characters of a value shown in one line of the table. */
const MAX_CHARACTERS = 120;

/** Shows one value in one line of the table; NULL and the empty text look different. */
export function RowValue(props: { value: string | null; hidden: boolean }) {
  return (
    <Switch fallback={props.value?.slice(0, MAX_CHARACTERS)}>
      <Match when={props.hidden}>
        <span class="tracking-widest text-soft" aria-hidden="true">
          •••
        </span>
        <span class="sr-only">{w.hidden}</span>
      </Match>
      <Match when={props.value === null}>
        <Badge tone="calm" title={w.nullTitle}>
          {w.null}
        </Badge>
      </Match>
      <Match when={props.value === ''}>
        <span class="font-sans text-soft italic">{w.empty}</span>
      </Match>
    </Switch>
  );
}
