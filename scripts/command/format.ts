/** Text for people: sizes in binary units, grouped numbers, human durations, names that cannot disturb a terminal. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Formats a count: `12,345,678`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** Formats a counted noun: `1 row`, `2,000 rows`. */
export function formatCounted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Formats bytes with at most three significant figures: `812 B`, `4.2 MiB`, `312 GiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 would be shown as 1024 of the smaller unit.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const figures = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(figures)} ${UNITS[unit]}`;
}

/** Formats milliseconds: `84 ms`, `3.2 s`, `4 min 05 s`, `2 h 07 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** Formats a moment in UTC, to the second: `2026-11-23 09:08:04 UTC`. */
export function formatMoment(moment: Date | string): string {
  return `${new Date(moment).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Formats rows of cells as lines with even columns. A column marked `r` is aligned right. The last one is not padded. */
export function formatColumns(rows: string[][], align: string): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(cell));
        return align[i] === 'r' ? space + cell : i === row.length - 1 ? cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Characters a terminal could obey or reorder text by: controls, directional marks, line and paragraph separators. */
const TERMINAL_MARKS = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Makes text from outside (names in a database, in an archive) safe to print: no table's name moves the cursor. */
export function printable(text: string): string {
  return text.replace(TERMINAL_MARKS, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`);
}

/** Makes JSON safe to print, by writing such characters inside its strings as escapes. */
export function printableJson(json: string): string {
  return json.replace(TERMINAL_MARKS, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
