const FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of any version: PostgreSQL fails a statement that compares a column of them with anything else. */
export function isUuid(text: string): boolean {
  return FORM.test(text);
}
