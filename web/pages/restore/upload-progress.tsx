import { createEffect, createMemo, on, Show } from 'solid-js';
import { monotonicShare, sendingOf } from '../../lib/operations/progress.ts';
import { restoreWords } from '../../strings/restore.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { ProgressBar } from '../../ui/operations/progress-bar.tsx';
import type { createUpload, UploadState } from './upload.ts';

const { upload: w } = restoreWords;

/** Shows the progress of an upload: amount, speed, time left; with buttons to pause, resume and give up. */
export function UploadProgress(props: { upload: ReturnType<typeof createUpload>; packed: boolean }) {
  const state = () => props.upload.state();
  const sent = () => props.upload.sent();
  const steps = () => sendingOf(props.packed);
  const share = createMemo<number | null>((before) => {
    const { pack, send } = steps();
    const done = sent().total === 0 ? 0 : sent().bytes / sent().total;
    // Connected anew it begins at the last piece the server has, which is behind what was sent.
    return monotonicShare(before, state() === 'packing' ? null : pack.share + (send.share - pack.share) * done);
  }, null);
  const doing = () => {
    const [at, text] = doingOf(state(), steps());
    return words.operation.step({ at, of: steps().of }, text);
  };
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
          {doing()}
        </span>
        <span class="tabular text-soft">{w.sent(sent().bytes, sent().total)}</span>
      </div>
      <ProgressBar label={w.sending} value={share()} />
      <p class="tabular mt-1.5 min-h-5 text-sm text-soft">
        <Show when={state() === 'sending' && sent().rate > 0}>{w.rate(sent().rate, left())}</Show>
      </p>
      <div class="mt-3 flex gap-2">
        <Show when={state() === 'sending' || state() === 'retrying'}>
          <Button onClick={() => props.upload.pause()}>{w.pause}</Button>
        </Show>
        <Show when={state() === 'paused'}>
          <Button variant="primary" onClick={() => props.upload.resume()}>
            {w.resume}
          </Button>
        </Show>
        <Show when={state() !== 'checking' && state() !== 'packing'}>
          <Button variant="ghost" onClick={() => props.upload.giveUp()}>
            {w.stop}
          </Button>
        </Show>
      </div>
    </div>
  );
}

/** Returns the number of the step and what is being done. */
function doingOf(state: UploadState, { pack, send }: ReturnType<typeof sendingOf>): [at: number, text: string] {
  switch (state) {
    case 'packing':
      return [pack.steps, w.packing];
    case 'checking':
      return [send.steps + 1, w.checking];
    case 'paused':
      return [send.steps, w.paused];
    case 'retrying':
      return [send.steps, w.retrying];
    default:
      return [send.steps, w.sending];
  }
}
