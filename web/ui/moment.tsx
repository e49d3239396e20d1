import { Show } from 'solid-js';
import { now } from '../lib/clock.ts';
import { agoText, momentText, utcText } from '../lib/format.ts';

/** Shows a moment in the viewer's time zone, with UTC on hover. `ago`: as time passed since then, with both on hover. */
export function Moment(props: { at: string; ago?: boolean }) {
  const at = () => new Date(props.at);
  return (
    <time
      datetime={props.at}
      title={props.ago ? `${momentText(at())} (${utcText(at())})` : utcText(at())}
      class="whitespace-nowrap"
    >
      <Show when={props.ago} fallback={momentText(at())}>
        {agoText(at(), now())}
      </Show>
    </time>
  );
}
