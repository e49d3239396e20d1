import { createEffect, Match, on, Show, Switch } from 'solid-js';
import { restoreWords } from '../../strings/restore.ts';
import { Button } from '../../ui/button.tsx';
import { ProgressBar } from '../../ui/operations/progress-bar.tsx';
import type { createSending } from './send.ts';

const { upload: w } = restoreWords;

/** Shows the progress of an upload: amount, speed, time left; with buttons to pause, resume and give up. */
export function SendProgress(props: { sending: ReturnType<typeof createSending> }) {
  const state = () => props.sending.state();
  const sent = () => props.sending.sent();
  const isChecking = () => state() === 'checking' || state() === 'packing';
  let box: HTMLDivElement | undefined;
  // The button that had the focus may be gone after its press.
  createEffect(
    on(state, () => {
      if (document.activeElement === document.body) (box?.querySelector('button') ?? box)?.focus();
    }),
  );
  const left = () => (sent().rate > 0 ? (sent().total - sent().bytes) / sent().rate : null);
  return (
    <div ref={box} tabindex="-1" class="mt-4">
      <div class="mb-1.5 flex justify-between gap-3 text-sm">
        <span class="font-medium" role="status">
          <Switch fallback={w.sending}>
            <Match when={state() === 'packing'}>{w.packing}</Match>
            <Match when={state() === 'paused'}>{w.paused}</Match>
            <Match when={state() === 'retrying'}>{w.retrying}</Match>
            <Match when={state() === 'checking'}>{w.checking}</Match>
          </Switch>
        </span>
        <span class="tabular text-soft">{w.sent(sent().bytes, sent().total)}</span>
      </div>
      <ProgressBar label={w.sending} value={isChecking() || sent().total === 0 ? null : sent().bytes / sent().total} />
      <p class="tabular mt-1.5 min-h-5 text-sm text-soft">
        <Show when={state() === 'sending' && sent().rate > 0}>{w.rate(sent().rate, left())}</Show>
      </p>
      <div class="mt-3 flex gap-2">
        <Show when={state() === 'sending' || state() === 'retrying'}>
          <Button onClick={() => props.sending.pause()}>{w.pause}</Button>
        </Show>
        <Show when={state() === 'paused'}>
          <Button variant="primary" onClick={() => props.sending.resume()}>
            {w.resume}
          </Button>
        </Show>
        <Show when={state() !== 'checking' && state() !== 'packing'}>
          <Button variant="quiet" onClick={() => props.sending.giveUp()}>
            {w.stop}
          </Button>
        </Show>
      </div>
    </div>
  );
}
