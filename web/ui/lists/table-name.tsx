import { For } from 'solid-js';
import { tableText } from '../../lib/operations.ts';

/** Renders a table's name that breaks after an underscore rather than inside a word. */
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
