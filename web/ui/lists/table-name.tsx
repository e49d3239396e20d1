import { For } from 'solid-js';
import { tableLabel } from '../../lib/operations/operation.ts';

/** Renders a table's name that breaks after an underscore rather than inside a word. */
export function TableName(props: { name: string }) {
  const parts = () => tableLabel(props.name).split(/(?<=_)/);
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
