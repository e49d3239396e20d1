/** Returns a text with control and format characters written out: names and warnings may hold line breaks, and a report's lines may not be forged by them. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
