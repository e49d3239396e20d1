import { createEffect, createUniqueId, type JSX, onMount, Show } from 'solid-js';
import { words } from '../strings/shared.ts';

/** Renders a part of a page with its heading; `aside` stands beside the heading. */
export function Card(props: { title?: string; aside?: JSX.Element; class?: string; children: JSX.Element }) {
  const id = createUniqueId();
  return (
    <section
      aria-labelledby={props.title ? id : undefined}
      class={`min-w-0 rounded-xl border border-line bg-card p-5 ${props.class ?? ''}`}
    >
      <Show when={props.title}>
        <div class="mb-3 flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
          <h2 id={id} class="min-w-0 text-base font-semibold wrap-anywhere">
            {props.title}
          </h2>
          {props.aside}
        </div>
      </Show>
      {props.children}
    </section>
  );
}

let hasNavigated = false;

/** Renders the page's heading with its actions. The heading takes the focus after a navigation. */
export function PageHeading(props: { title: string; lead?: JSX.Element; children?: JSX.Element }) {
  let heading: HTMLHeadingElement | undefined;
  createEffect(() => {
    document.title = `${props.title} · ${words.name}`;
  });
  onMount(() => {
    if (hasNavigated) heading?.focus({ preventScroll: true });
    hasNavigated = true;
  });
  return (
    <div class="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-4">
      <div class="min-w-0">
        <h1 ref={heading} tabindex="-1" class="text-2xl font-semibold tracking-tight wrap-anywhere">
          {props.title}
        </h1>
        <Show when={props.lead}>
          <div class="mt-1 text-sm text-soft">{props.lead}</div>
        </Show>
      </div>
      <div class="flex flex-wrap gap-2">{props.children}</div>
    </div>
  );
}

/** Says that nothing is here yet, or that nothing matches. */
export function EmptyState(props: { title: string; lead: string; children?: JSX.Element }) {
  return (
    <div class="flex flex-col items-center gap-2 px-4 py-12 text-center">
      <p class="font-medium">{props.title}</p>
      <p class="max-w-sm text-sm text-soft">{props.lead}</p>
      <div class="mt-2">{props.children}</div>
    </div>
  );
}

/** Renders pairs of names and values; `narrow` when there is never room for two columns. */
export function DescriptionList(props: { of: [name: string, value: JSX.Element][]; narrow?: boolean }) {
  return (
    <dl class={`grid gap-x-6 gap-y-3 text-sm ${props.narrow ? '' : 'sm:grid-cols-2'}`}>
      {props.of.map(([name, value]) => (
        <div class="min-w-0">
          <dt class="text-soft">{name}</dt>
          <dd class="break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
