import { createUniqueId, type JSX, onMount } from 'solid-js';
import { words } from '../strings/shared.ts';

/** Renders the frame of the pages before sign-in. */
export function SignedOutLayout(props: { title: string; lead: string; children: JSX.Element }) {
  const id = createUniqueId();
  onMount(() => {
    document.title = `${props.title} · ${words.name}`;
  });
  return (
    <main class="flex min-h-dvh flex-col items-center justify-center px-4 py-10">
      <div class="mb-6 flex items-center gap-3 text-lg font-semibold">
        <img src="/icon.svg" alt="" class="size-9" width="36" height="36" />
        {words.name}
      </div>
      <section aria-labelledby={id} class="w-full max-w-sm rounded-2xl border border-line bg-card p-6 shadow-sm">
        <h1 id={id} class="text-xl font-semibold">
          {props.title}
        </h1>
        <p class="mt-1 mb-5 text-sm text-soft">{props.lead}</p>
        {props.children}
      </section>
    </main>
  );
}
