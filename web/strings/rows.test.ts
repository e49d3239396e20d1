import { expect, test } from 'bun:test';
import { rowWords as w } from './rows.ts';

test('rowWords speak of a single row as of one', () => {
  expect(w.page(120, 120, 120)).toBe('Row 120 of 120');
  expect(w.partName(120, 120)).toBe('Row 120');
  expect(w.nextPart(120, 120)).toBe('Search row 120');
  expect(w.searches(120, 120, false)).toStartWith('Searches row 120, this part');
  expect(w.noMatchLead(120, 120, false)).toStartWith('Only row 120 was searched');
  expect([w.page(101, 119, 119), w.nextPart(101, 120)]).toEqual(['Rows 101–119 of 119', 'Search rows 101–120']);
});
