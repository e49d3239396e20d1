const FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Returns whether a text is a UUID of any version. PostgreSQL fails a statement that compares a UUID column with
 * anything else.
 */
export function isUuid(text: string): boolean {
  return FORM.test(text);
}
