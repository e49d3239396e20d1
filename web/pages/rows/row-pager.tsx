import type { JSX } from 'solid-js';
import { nextPage, pageCount, previousPage, type RowPosition, rowRange, sum } from '../../lib/row-position.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { PageButtons } from '../../ui/lists/page-buttons.tsx';
import type { FoundRows } from './rows-query.ts';

interface RowPagerProps {
  page: FoundRows;
  onPage: (position: RowPosition) => void;
  /** More to say about these rows. */
  children?: JSX.Element;
}

/**
 * Shows the numbers of the rows, with buttons to the pages around. They lead through all parts of the table, or through the hits in one
 * part.
 */
export function RowPager(props: RowPagerProps) {
  const place = (): RowPosition => ({
    chunk: props.page.chunk,
    page: Math.floor(props.page.offset / props.page.limit) + 1,
  });
  const searching = () => props.page.search !== '';
  const before = () => {
    const { chunk, page } = place();
    if (!searching()) return previousPage(place(), props.page.chunks);
    return page > 1 ? { chunk, page: Math.min(page - 1, pageCount(props.page.matched)) } : null;
  };
  const after = () => {
    const { chunk, page } = place();
    if (!searching()) return nextPage(place(), props.page.chunks);
    return page < pageCount(props.page.matched) ? { chunk, page: page + 1 } : null;
  };
  const text = () => {
    const { chunk, chunks, offset, rows, matched } = props.page;
    const [first] = searching() ? [1] : rowRange(chunks, chunk);
    const [from, to] = [first + offset, first + offset + rows.length - 1];
    if (!searching()) return w.page(from, to, sum(chunks));
    return rows.length === matched ? w.foundAll(matched) : w.found(from, to, matched);
  };
  const goTo = (to: RowPosition | null) => to && (() => props.onPage(to));
  return (
    <PageButtons names={w} class="mb-3" onPrevious={goTo(before())} onNext={goTo(after())}>
      {text()}
      {props.children}
    </PageButtons>
  );
}
