import { Show } from 'solid-js';
import { createDebouncedText } from '../../lib/input/debounced-text.ts';
import { rowRange } from '../../lib/row-position.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { Field, Select } from '../../ui/forms/field.tsx';

/** Keeps the place of the hint. */
const BLANK = '\u00a0';

interface RowSearchProps {
  ref: (field: HTMLInputElement) => void;
  /** Rows of each part; empty before the first answer. */
  chunks: readonly number[];
  chunk: number;
  search: string;
  onSearch: (text: string) => void;
  onChunk: (chunk: number) => void;
}

/** Searches one part of the table for a text; the part can be chosen when there are several. */
export function RowSearch(props: RowSearchProps) {
  const [typed, setTyped] = createDebouncedText(
    () => props.search,
    (text) => props.onSearch(text),
  );
  const parts = () => {
    const named: Record<string, string> = {};
    for (const index of props.chunks.keys()) named[`${index + 1}`] = w.partName(...rowRange(props.chunks, index + 1));
    return named;
  };
  const isWhole = () => props.chunks.length <= 1;
  return (
    <search class="mb-3 grid gap-3 sm:grid-cols-[minmax(0,1fr)_auto]">
      <Field
        ref={props.ref}
        label={w.search}
        type="search"
        maxlength={200}
        hint={props.chunks.length === 0 ? BLANK : w.searches(...rowRange(props.chunks, props.chunk), isWhole())}
        value={typed()}
        onInput={setTyped}
      />
      <Show when={!isWhole()}>
        <Select
          label={w.part}
          value={String(props.chunk)}
          options={parts()}
          onChange={(part) => props.onChunk(Number(part))}
        />
      </Show>
    </search>
  );
}
