import ChevronLeft from 'lucide-solid/icons/chevron-left';
import ChevronRight from 'lucide-solid/icons/chevron-right';
import { Show } from 'solid-js';
import { words } from '../../strings.ts';
import { Button } from '../../ui/button.tsx';

interface PagerProps {
  offset: number;
  size: number;
  total: number;
  /** Pages are counted from 1. */
  onTurn: (page: number) => void;
}

/** Turns pages. Not there while one page holds all. */
export function Pager(props: PagerProps) {
  const page = () => Math.floor(props.offset / props.size) + 1;
  const last = () => Math.max(1, Math.ceil(props.total / props.size));
  return (
    <Show when={props.total > props.size || page() > 1}>
      <nav aria-label={words.backups.pages} class="mt-4 flex items-center justify-between gap-3">
        <p class="tabular text-sm text-soft" aria-live="polite">
          {words.backups.page(
            Math.min(props.offset + 1, props.total),
            Math.min(props.offset + props.size, props.total),
            props.total,
          )}
        </p>
        <div class="flex gap-2">
          <Button
            square
            aria-label={words.backups.previous}
            disabled={page() <= 1}
            onClick={() => props.onTurn(Math.min(page() - 1, last()))}
          >
            <ChevronLeft class="size-5" aria-hidden="true" />
          </Button>
          <Button
            square
            aria-label={words.backups.next}
            disabled={page() >= last()}
            onClick={() => props.onTurn(page() + 1)}
          >
            <ChevronRight class="size-5" aria-hidden="true" />
          </Button>
        </div>
      </nav>
    </Show>
  );
}
