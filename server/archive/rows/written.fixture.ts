const LETTERS: Record<string, string> = {
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\\': '\\',
};

/** Returns a value as COPY writes it in CSV, in the simplest possible way. `alone` says that the row has no other. */
export function csvValue(value: string | null, alone: boolean): string {
  if (value === null) return '';
  const quoted = value === '' || /[",\r\n]/.test(value) || (alone && value === '\\.');
  return quoted ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Returns a value as COPY writes it in text, in the simplest possible way. */
export function copyValue(value: string | null): string {
  if (value === null) return '\\N';
  return value.replace(/[\b\t\n\v\f\r\\]/g, (character) => `\\${LETTERS[character]}`);
}
