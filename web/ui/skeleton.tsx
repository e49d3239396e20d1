import { For } from 'solid-js';
import { words } from '../strings/shared.ts';

/** Renders placeholders for lines of text, as high as the text. */
export function TextSkeleton(props: { count: number; class?: string }) {
  return (
    <div role="status" aria-label={words.loading} class={`space-y-3 ${props.class ?? ''}`}>
      <For each={Array.from({ length: props.count })}>
        {(_, index) => <div class={`skeleton h-4 ${index() % 3 === 2 ? 'w-2/3' : 'w-full'}`} />}
      </For>
    </div>
  );
}

/** Renders the placeholder of a whole page. */
export function PageSkeleton() {
  return (
    <div role="status" aria-label={words.loading} class="space-y-6">
      <div class="skeleton h-8 w-48" />
      <div class="skeleton h-28 w-full rounded-xl" />
      <div class="skeleton h-64 w-full rounded-xl" />
    </div>
  );
}
