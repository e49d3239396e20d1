/**
 * Returns a text with control and format characters escaped. Names and warnings may hold line breaks, which must not
 * forge lines of a report.
 */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
