import { describe, expect, test } from 'bun:test';
import { agoText, amountText, bytesText, dayText, durationText, momentText, utcText } from './format.ts';

describe('web/lib/format.ts', () => {
  test('sizes are in binary units, and no larger than their unit', () => {
    expect([0, 1, 1023, 1024, 1536, 4_404_019, 1024 ** 3, 150 * 1024 ** 3].map(bytesText)).toEqual([
      '0 bytes',
      '1 byte',
      '1023 bytes',
      '1.0 KiB',
      '1.5 KiB',
      '4.2 MiB',
      '1.0 GiB',
      '150 GiB',
    ]);
  });

  test('durations are said in the two largest units that matter', () => {
    expect([400, 12_000, 60_000, 185_000, 7_800_000, 3_599_999].map(durationText)).toEqual([
      '0.4 s',
      '12 s',
      '1 min',
      '3 min 5 s',
      '2 h 10 min',
      '1 h',
    ]);
  });

  test('one thing is not said in the plural', () => {
    expect(amountText(1, 'row')).toBe('1 row');
    expect(amountText(12_345, 'row')).toBe('12,345 rows');
    expect(amountText(2, 'entry', 'entries')).toBe('2 entries');
  });

  test('a moment is told by how far it is away, before and after now', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    const told = (text: string) => agoText(new Date(text), now);
    expect(told('2026-11-23T11:59:30Z')).toBe('just now');
    expect(told('2026-11-23T11:57:00Z')).toBe('3 minutes ago');
    expect(told('2026-11-22T11:59:00Z')).toBe('yesterday');
    expect(told('2026-11-25T12:00:00Z')).toBe('in 2 days');
    expect(utcText(now)).toBe('2026-11-23 12:00:00 UTC');
  });

  test('a day is told by its distance where that is short, also over the end of a month', () => {
    const now = new Date(2026, 2, 1, 0, 30);
    expect(dayText(new Date(2026, 2, 1, 23, 59), now)).toBe('Today');
    expect(dayText(new Date(2026, 1, 28, 23, 59), now)).toBe('Yesterday');
    expect(dayText(new Date(2026, 1, 27), now)).toMatch(/^Friday,? 27 February 2026$/);
  });

  test('a moment names the zone it is told in', () => {
    const at = new Date('2026-11-23T12:00:00Z');
    const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(at);
    expect(momentText(at)).toEndWith(` ${zone.find(({ type }) => type === 'timeZoneName')?.value}`);
  });
});
