import ChevronLeft from 'lucide-solid/icons/chevron-left';
import ChevronRight from 'lucide-solid/icons/chevron-right';
import type { JSX } from 'solid-js';
import { Button } from '../button.tsx';

interface PageButtonsProps {
  /** Names of the navigation and of its two buttons. */
  names: { pages: string; previous: string; next: string };
  /** Null when there is no page before: the button stays, and cannot be pressed. */
  onPrevious: (() => void) | null;
  onNext: (() => void) | null;
  class: string;
  /** The current position; announced when it changes. */
  children: JSX.Element;
}

/** Renders the position among pages, with buttons to the previous page and the next. */
export function PageButtons(props: PageButtonsProps) {
  return (
    <nav aria-label={props.names.pages} class={`flex items-center justify-between gap-3 ${props.class}`}>
      <p class="tabular text-sm text-soft" aria-live="polite">
        {props.children}
      </p>
      <div class="flex gap-2">
        <Button
          square
          aria-label={props.names.previous}
          disabled={!props.onPrevious}
          onClick={() => props.onPrevious?.()}
        >
          <ChevronLeft class="size-5" aria-hidden="true" />
        </Button>
        <Button square aria-label={props.names.next} disabled={!props.onNext} onClick={() => props.onNext?.()}>
          <ChevronRight class="size-5" aria-hidden="true" />
        </Button>
      </div>
    </nav>
  );
}
