import { createEffect } from 'solid-js';

interface ChooseBoxProps {
  label: string;
  checked: boolean;
  /** Some of what it stands for is ticked. */
  mixed?: boolean;
  onChange: (checked: boolean) => void;
}

/** A box to tick in a list, as large as a finger needs. */
export function ChooseBox(props: ChooseBoxProps) {
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
