import { createEffect } from 'solid-js';

interface RowCheckboxProps {
  label: string;
  checked: boolean;
  /** True when only some of the rows it stands for are ticked. */
  mixed?: boolean;
  onChange: (checked: boolean) => void;
}

/** Renders a checkbox in a list, large enough for a finger. */
export function RowCheckbox(props: RowCheckboxProps) {
  let box: HTMLInputElement | undefined;
  createEffect(() => {
    if (box) box.indeterminate = props.mixed ?? false;
  });
  return (
    <label class="-m-3 flex size-11 cursor-pointer items-center justify-center">
      <input
        ref={box}
        type="checkbox"
        data-choose=""
        aria-label={props.label}
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
        class="size-4 accent-brand"
      />
    </label>
  );
}
