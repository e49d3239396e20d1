import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { foldText } from './fold-text.ts';

test('foldText() makes one of what a reader takes for the same: case, accents, and how both are written', () => {
  const same = [
    ['Adébáyọ̀', 'ADE\u0301BA\u0301YO\u0323\u0300', 'adebayo', 'Adebayọ'],
    ['Ṣọlá', 'sola'],
    ['İstanbul', 'istanbul', 'ISTANBUL'],
    ['ΟΔΟΣ', 'οδός', 'οδοσ'],
    ['\u1100\u1161\u11a8', '각'],
  ];
  for (const group of same) expect(new Set(group.map(foldText)).size).toBe(1);
});

test('foldText() keeps apart what is another letter', () => {
  const others = ['=', '≠', 'o', 'ø', 'd', 'đ', 'ı', 'l', 'ł', 'か', 'が', 'क', 'कि', '가', '각'];
  expect(new Set(others.map(foldText)).size).toBe(others.length);
});

test('foldText() of what is folded changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(foldText(foldText(text))).toBe(foldText(text));
    }),
    { numRuns: 2000 },
  );
});

test('foldText() of a hundred thousand marks on one letter is done in no time: their order is not sought for all of them', () => {
  const letters = 'a'.repeat(1000);
  for (const marks of ['\u0301\u0323', '\u05b0\u0591', '\u0338\u0323']) {
    const [low = '', high = ''] = marks;
    const folded = foldText(`${low.repeat(50_000)}${high.repeat(50_000)}${letters}`);
    expect(folded.length).toBeLessThanOrEqual(letters.length + 30);
    expect(folded.endsWith(letters)).toBe(true);
  }
});
