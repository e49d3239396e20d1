import { expect, test } from 'bun:test';
import { historyWords } from '../../strings/history.ts';
import { backupDays } from './backup-days.ts';

const NOW = new Date(2026, 2, 2, 15);
const at = (daysAgo: number) => new Date(2026, 2, 2 - daysAgo, 2).toISOString();
type Stored = Parameters<typeof backupDays>[0][number];
const stored = (daysAgo: number, facts: Partial<Stored> = {}): Stored => ({
  kind: 'full',
  outcome: 'success',
  damaged: null,
  uploaded: false,
  createdAt: at(daysAgo),
  ...facts,
});

test('each of the last days shows the best of its backups, over the end of a month too', () => {
  const days = backupDays(
    [
      stored(0),
      stored(1, { outcome: 'partial' }),
      stored(2, { kind: 'partial' }),
      stored(3, { damaged: { code: 'ARCHIVE_DAMAGED', message: 'bad', foundAt: null } }),
      stored(5, { outcome: 'partial' }),
      stored(5),
      stored(6, { uploaded: true }),
      stored(40),
    ],
    [{ createdAt: at(0) }, { createdAt: at(4) }],
    NOW,
    14,
  );
  expect(days).toHaveLength(14);
  expect(
    days
      .map(({ state }) => state)
      .toReversed()
      .slice(0, 8),
  ).toEqual(['good', 'partial', 'partial', 'failed', 'failed', 'good', 'none', 'none']);
  expect(days.at(-1)?.day).toEqual(new Date(2026, 2, 2));
  expect(days[0]?.day).toEqual(new Date(2026, 1, 17));
});

test('the strip ends with today, and is told so without a direction: on a phone it has two rows', () => {
  const days = backupDays([stored(0)], [], NOW, 14);
  expect(days.map(({ state }) => state)).toEqual([...Array.from({ length: 13 }, () => 'none' as const), 'good']);
  expect(days.at(-1)?.day.getDate()).toBe(NOW.getDate());
  expect(historyWords.lead(14)).toBe('The last 14 days, up to today.');
});
