import { Show } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { PageButtons } from './page-buttons.tsx';

interface PagerProps {
  offset: number;
  size: number;
  total: number;
  /** Receives the page number, counted from 1. */
  onPage: (page: number) => void;
}

/** Renders the buttons between pages; nothing when one page holds all. */
export function Pager(props: PagerProps) {
  const page = () => Math.floor(props.offset / props.size) + 1;
  const last = () => Math.max(1, Math.ceil(props.total / props.size));
  return (
    <Show when={props.total > props.size || page() > 1}>
      <PageButtons
        names={words.backups}
        class="mt-4"
        onPrevious={page() > 1 ? () => props.onPage(Math.min(page() - 1, last())) : null}
        onNext={page() < last() ? () => props.onPage(page() + 1) : null}
      >
        {words.backups.page(
          Math.min(props.offset + 1, props.total),
          Math.min(props.offset + props.size, props.total),
          props.total,
        )}
      </PageButtons>
    </Show>
  );
}
