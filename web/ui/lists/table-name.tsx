import { For } from 'solid-js';
import { tableText } from '../../lib/operations.ts';

/** A table's name that breaks, where it must, after an underscore rather than in a word. */
export function TableName(props: { name: string }) {
  const parts = () => tableText(props.name).split(/(?<=_)/);
  return (
    <span class="break-words">
      <For each={parts()}>
        {(part, index) => (
          <>
            {index() > 0 && <wbr />}
            {part}
          </>
        )}
      </For>
    </span>
  );
}
