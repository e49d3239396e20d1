import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { foldText } from '../rows/fold-text.ts';
import { foldTable, isAloneBeyond, NOTHING, TOGETHER } from './fold-table.ts';

const table = foldTable();
const folded = (text: string) =>
  Array.from(text, (character) => table[character.charCodeAt(0)] ?? TOGETHER)
    .filter((unit) => unit !== NOTHING)
    .map((unit) => String.fromCharCode(unit))
    .join('');
const alone = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => table[code] !== TOGETHER);

test('what stands alone is never the later part of a character that is written together', () => {
  const later = new Set<string>();
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    for (const part of [...String.fromCodePoint(code).normalize('NFD')].slice(1)) later.add(part);
  }
  expect(later.size).toBeGreaterThan(100);
  expect(alone.filter((code) => table[code] !== NOTHING && later.has(String.fromCharCode(table[code] ?? 0)))).toEqual(
    [],
  );
  for (let code = 0x10000; code <= 0x10ffff; code++) {
    if (!isAloneBeyond(code)) continue;
    const character = String.fromCodePoint(code);
    if (foldText(character) === character && !later.has(character) && !/\p{M}/u.test(character)) continue;
    throw new Error(`U+${code.toString(16)} does not stand alone`);
  }
  // Nearly all of the basic plane, letters with accents and the syllables of Korean included.
  expect(alone.length).toBeGreaterThan(60_000 - 6400);
  for (const letter of 'aÉọßДΣ한漢ب') expect(table[letter.charCodeAt(0)]).not.toBe(TOGETHER);
});

test('each character that stands alone folds to what the table has for it', () => {
  const wrong = alone.filter((code) => {
    const unit = table[code];
    const folded = foldText(String.fromCharCode(code));
    return folded !== (unit === NOTHING ? '' : String.fromCharCode(unit ?? 0));
  });
  expect(wrong).toEqual([]);
});

test('texts of characters that stand alone fold to what the table has for each', () => {
  const character = fc.oneof(
    fc.constantFrom(...alone.filter((code) => code < 0x600)),
    fc.constantFrom(...alone),
    fc.constantFrom(...[...'aAÀÅåİıſςΣσéỌ\u0301\u0323'].map((one) => one.charCodeAt(0))),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 40 }), (codes) => {
      const text = String.fromCharCode(...codes.filter((code) => table[code] !== TOGETHER));
      expect(folded(text)).toBe(foldText(text));
    }),
    { numRuns: 2000 },
  );
});
