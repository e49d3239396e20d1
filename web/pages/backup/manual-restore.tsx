import { For } from 'solid-js';
import { now } from '../../lib/clock.ts';
import { momentText } from '../../lib/format.ts';
import { manualRestoreWords as w } from '../../strings/manual-restore.ts';
import { Card } from '../../ui/card.tsx';

/** Prints, on paper alone, how to get the data back when this program is not available. */
export function ManualRestore(props: { name: string }) {
  return (
    <div class="hidden break-inside-avoid print:block">
      <Card title={w.title}>
        <p class="text-sm">{w.program}</p>
        <pre class="mt-1 mb-3 font-mono text-xs whitespace-pre-wrap">{w.command(props.name)}</pre>
        <p class="text-sm">{w.hand}</p>
        <ol class="mt-1 mb-3 space-y-1 font-mono text-xs">
          <For each={w.steps(props.name)}>{(step) => <li class="break-words whitespace-pre-wrap">{step}</li>}</For>
        </ol>
        <p class="text-sm">{w.check}</p>
      </Card>
      <p class="mt-4 text-xs">
        {w.printed} {location.origin}, {momentText(now())}
      </p>
    </div>
  );
}
