/** Range of a `Range` header: everything, one span (`end` included), or bytes that do not exist. */
export type WantedRange = { kind: 'whole' } | { kind: 'part'; start: number; end: number } | { kind: 'outside' };

const WHOLE: WantedRange = { kind: 'whole' };
const ONE = /^[ \t]*bytes[ \t]*=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * Reads a `Range` header (RFC 9110, 14.1.2) for `size` bytes. Several ranges, other units and nonsense mean everything,
 * as the standard allows; answer `outside` with 416. Pure, and never throws.
 */
export function readRange(header: string | undefined, size: number): WantedRange {
  const match = ONE.exec(header ?? '');
  const [first = '', last = ''] = match?.slice(1) ?? [];
  if (first === '' && last === '') return WHOLE;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'outside' } : { kind: 'part', start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Number(last);
  if (last !== '' && end < start) return WHOLE;
  return start >= size ? { kind: 'outside' } : { kind: 'part', start, end: Math.min(end, size - 1) };
}
