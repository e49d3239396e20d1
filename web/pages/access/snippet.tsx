import { CopyButton } from '../../ui/copy-button.tsx';

/** Shows lines to type elsewhere, with a button that copies them. */
export function Snippet(props: { label: string; copy: string; text: string }) {
  return (
    <figure>
      <div class="flex items-center justify-between gap-2">
        <figcaption class="text-sm font-medium">{props.label}</figcaption>
        <CopyButton text={props.text} label={props.copy} />
      </div>
      <pre class="mt-1 rounded-lg bg-sunk p-3 font-mono text-xs break-all whitespace-pre-wrap">{props.text}</pre>
    </figure>
  );
}
