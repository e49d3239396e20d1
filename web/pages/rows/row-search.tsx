import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js';
import { spanOf } from '../../lib/row-place.ts';
import { rowWords as w } from '../../strings-rows.ts';
import { Choice, Field } from '../../ui/field.tsx';

interface RowSearchProps {
  chunks: readonly number[];
  chunk: number;
  search: string;
  onSearch: (text: string) => void;
  onChunk: (chunk: number) => void;
}

const TYPING_MS = 300;

/** Looks for text in one part of the table; which part can be chosen where there are several. */
export function RowSearch(props: RowSearchProps) {
  const [typed, setTyped] = createSignal(props.search);
  createEffect(
    on(
      typed,
      (text) => {
        const timer = setTimeout(() => props.onSearch(text.trim()), TYPING_MS);
        onCleanup(() => clearTimeout(timer));
      },
      { defer: true },
    ),
  );
  createEffect(
    on(
      () => props.search,
      (search) => {
        if (search !== typed().trim()) setTyped(search);
      },
      { defer: true },
    ),
  );
  const parts = () => {
    const named: Record<string, string> = {};
    for (const index of props.chunks.keys()) named[`${index + 1}`] = w.partName(...spanOf(props.chunks, index + 1));
    return named;
  };
  const isWhole = () => props.chunks.length <= 1;
  return (
    <search class="grid gap-3 sm:grid-cols-[minmax(0,1fr)_auto]">
      <Field
        label={w.search}
        type="search"
        maxlength={200}
        hint={w.searches(...spanOf(props.chunks, props.chunk), isWhole())}
        value={typed()}
        onInput={setTyped}
      />
      <Show when={!isWhole()}>
        <Choice
          label={w.part}
          value={String(props.chunk)}
          options={parts()}
          onChange={(part) => props.onChunk(Number(part))}
        />
      </Show>
    </search>
  );
}
