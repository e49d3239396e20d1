import { Show } from 'solid-js';

/** Renders a progress bar from 0 to 1; null while the progress is unknown. */
export function ProgressBar(props: { label: string; value: number | null; text?: string | undefined }) {
  const percent = () => (props.value === null ? undefined : Math.round(Math.min(1, Math.max(0, props.value)) * 100));
  return (
    <div
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent()}
      aria-valuetext={props.text}
      class="h-2 overflow-hidden rounded-full bg-sunk"
    >
      <Show when={percent() !== undefined} fallback={<div class="sweeping h-full rounded-full bg-brand" />}>
        <div
          class="h-full rounded-full bg-brand transition-[width] duration-300"
          style={{ width: `${percent() ?? 0}%` }}
        />
      </Show>
    </div>
  );
}
