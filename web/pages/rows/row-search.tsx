import { Show } from 'solid-js';
import { createTyping } from '../../lib/input/typing.ts';
import { spanOf } from '../../lib/row-place.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { Choice, Field } from '../../ui/forms/field.tsx';

/** Keeps the place of the hint. */
const NOT_YET = '\u00a0';

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
  const [typed, setTyped] = createTyping(
    () => props.search,
    (text) => props.onSearch(text),
  );
  const parts = () => {
    const named: Record<string, string> = {};
    for (const index of props.chunks.keys()) named[`${index + 1}`] = w.partName(...spanOf(props.chunks, index + 1));
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
        hint={props.chunks.length === 0 ? NOT_YET : w.searches(...spanOf(props.chunks, props.chunk), isWhole())}
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
