import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { nextPage, pageCount, positionIn, previousPage, type RowPosition, rowRange, sum } from './row-position.ts';

test('placeOf() leads somewhere whatever the address says', () => {
  expect(positionIn({})).toEqual({ chunk: 1, page: 1 });
  expect(positionIn({ chunk: '3', page: '12' })).toEqual({ chunk: 3, page: 12 });
  for (const text of ['', '0', '-1', '1.5', 'x', '9999999', '1e3', ' 2'])
    expect(positionIn({ chunk: text, page: text })).toEqual({ chunk: 1, page: 1 });
});

test('spanOf() numbers the rows of a part within the table', () => {
  expect(rowRange([120, 80, 5], 1)).toEqual([1, 120]);
  expect(rowRange([120, 80, 5], 3)).toEqual([201, 205]);
  expect(rowRange([], 1)).toEqual([1, 0]);
});

test('turning pages forward passes every row of every part once, and backward the same way', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(160), { maxLength: 6 }), (chunks) => {
      const forward: RowPosition[] = [];
      const start = chunks.findIndex((rows) => rows > 0) + 1;
      for (
        let place: RowPosition | null = start > 0 ? { chunk: start, page: 1 } : null;
        place;
        place = nextPage(place, chunks)
      )
        forward.push(place);
      const rows = forward.map(({ chunk, page }) => Math.min(50, (chunks[chunk - 1] ?? 0) - (page - 1) * 50));
      expect(sum(rows)).toBe(sum(chunks));
      expect(rows.every((count) => count > 0)).toBe(true);
      const backward: RowPosition[] = [];
      for (let place: RowPosition | null = forward.at(-1) ?? null; place; place = previousPage(place, chunks))
        backward.push(place);
      expect(backward).toEqual(forward.toReversed());
    }),
  );
});

test('placeBefore() comes back from a page behind the last one', () => {
  expect(previousPage({ chunk: 1, page: 40 }, [120])).toEqual({ chunk: 1, page: pageCount(120) });
  expect(nextPage({ chunk: 1, page: 40 }, [120])).toBeNull();
});
