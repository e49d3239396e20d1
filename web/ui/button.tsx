import LoaderCircle from 'lucide-solid/icons/loader-circle';
import { type JSX, Show, splitProps } from 'solid-js';

type Variant = 'primary' | 'secondary' | 'danger-outline' | 'ghost' | 'danger';

const VARIANTS: Readonly<Record<Variant, string>> = {
  primary: 'bg-brand text-on-brand hover:bg-brand-strong',
  secondary: 'border border-edge bg-card text-ink hover:bg-sunk',
  'danger-outline': 'border border-edge bg-card text-bad hover:bg-bad-wash',
  ghost: 'text-ink hover:bg-sunk',
  danger: 'bg-bad-strong text-on-bad hover:brightness-90',
};

/** Renders the buttons that answer a question, to the right. */
export function ButtonRow(props: { children: JSX.Element; class?: string }) {
  return <div class={`flex flex-wrap justify-end gap-2 ${props.class ?? ''}`}>{props.children}</div>;
}

/** Returns the classes of anything that is pressed, buttons and links alike. */
export function buttonClass(variant: Variant = 'secondary', square = false): string {
  const box = square ? 'w-11 sm:w-10' : 'px-4';
  return `inline-flex print:hidden min-h-11 items-center justify-center gap-2 rounded-lg text-sm font-medium transition-colors sm:min-h-10 aria-disabled:cursor-default aria-disabled:opacity-60 aria-disabled:not-aria-busy:opacity-45 ${box} ${VARIANTS[variant]}`;
}

interface ButtonProps extends JSX.ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: Variant;
  /** True while the button's work runs: it says so and cannot be pressed, but keeps the focus. */
  busy?: boolean;
  /** True when the button has nothing to do now: it cannot be pressed, but keeps the focus after a press. */
  disabled?: boolean;
  /** For an icon alone; its name goes in `aria-label`. */
  square?: boolean;
}

export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, [
    'variant',
    'busy',
    'disabled',
    'square',
    'class',
    'children',
    'onClick',
    'type',
  ]);
  return (
    <button
      {...rest}
      type={own.type ?? 'button'}
      class={`${buttonClass(own.variant, own.square)} ${own.class ?? ''}`}
      aria-disabled={own.busy || own.disabled || undefined}
      aria-busy={own.busy || undefined}
      onClick={(event) => {
        if (own.busy || own.disabled) event.preventDefault();
        else if (typeof own.onClick === 'function') own.onClick(event);
      }}
    >
      <Show when={own.busy}>
        <LoaderCircle class="size-4 animate-spin" aria-hidden="true" />
      </Show>
      {own.children}
    </button>
  );
}
