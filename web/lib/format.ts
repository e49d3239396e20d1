const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Formats bytes as `4.2 MiB`: binary units, at most three digits. */
export function bytesText(bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  if (step === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  return `${value.toFixed(value >= 100 ? 0 : 1)} ${UNITS[step]}`;
}

const COUNT = new Intl.NumberFormat('en');

/** Formats a count as `12,345`. */
export function countText(count: number): string {
  return COUNT.format(count);
}

/** Formats an amount as `1 row` or `12,345 rows`. Pass `many` when the plural is not `one` with an s. */
export function amountText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** Formats a duration as `0.4 s`, `12 s`, `3 min 5 s` or `2 h 10 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});

/** Formats a moment in the viewer's time zone, with its name: `23 Nov 2026, 14:05 CET`. */
export function momentText(moment: Date): string {
  return MOMENT.format(moment);
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** Formats the time of day in the viewer's time zone: `14:05`. */
export function clockText(moment: Date): string {
  return CLOCK.format(moment);
}

const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** Formats a day in the viewer's time zone: `Today`, `Yesterday`, `Monday 23 November 2026`. */
export function dayText(moment: Date, now: Date): string {
  const day = DAY.format(moment);
  if (day === DAY.format(now)) return 'Today';
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  return day === DAY.format(yesterday) ? 'Yesterday' : day;
}

/** Formats a moment in UTC, the same for every viewer: `2026-11-23 13:05:09 UTC`. */
export function utcText(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/**
 * Formats the distance to a moment: `3 hours ago`, `in 2 days`, or `just now` within a minute. Beyond thirty days it gives the moment
 * itself.
 */
export function agoText(moment: Date, now: Date): string {
  const ms = moment.getTime() - now.getTime();
  if (Math.abs(ms) > 30 * 86_400_000) return momentText(moment);
  for (const [unit, size] of STEPS) {
    if (Math.abs(ms) >= size) return RELATIVE.format(Math.trunc(ms / size), unit);
  }
  return 'just now';
}
