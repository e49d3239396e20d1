/** Bytes of a name that PostgreSQL keeps; it drops the rest without an error. */
const NAME_BYTES = 63;

/** Returns the name as PostgreSQL stores it: cut to 63 bytes of UTF-8, never inside a character. */
export function storedName(name: string, bytes = NAME_BYTES): string {
  if (Buffer.byteLength(name) <= bytes) return name;
  let kept = '';
  let used = 0;
  for (const character of name) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    kept += character;
  }
  return kept;
}

/**
 * Returns the name PostgreSQL itself chooses (`staff_pkey`, `users_id_seq`). Shortens the longer of table and column first, so that the
 * ending always fits.
 */
export function chosenName(table: string, column: string | null, ending: string): string {
  const overhead = Buffer.byteLength(ending) + 1 + (column === null ? 0 : 1);
  let [first, second] = [Buffer.byteLength(table), column === null ? 0 : Buffer.byteLength(column)];
  while (first + second + overhead > NAME_BYTES) {
    if (first > second) first--;
    else second--;
  }
  const parts = [storedName(table, first), ...(column === null ? [] : [storedName(column, second)]), ending];
  return parts.join('_');
}
