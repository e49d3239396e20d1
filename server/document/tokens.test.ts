import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { NASTY_TEXTS } from '../../db/testing/fixtures/nasty-texts.ts';
import { createJsonTokenizer } from './tokens.ts';
import { JsonNumber } from './values.ts';

/** Writes the tokens out again, from bytes that come in pieces of `step`. */
function serialized(bytes: Uint8Array, step = bytes.length, longest = 1e6): string {
  let text = '';
  const tokenizer = createJsonTokenizer(
    (token) => {
      if (token.mark !== null) text += token.mark;
      else text += token.value instanceof JsonNumber ? token.value.text : JSON.stringify(token.value);
    },
    () => 'here',
    { valueCharacters: longest, larger: 'Take it out.' },
  );
  for (let at = 0; at < bytes.length; at += step) tokenizer.write(bytes.subarray(at, at + step));
  tokenizer.end();
  return text;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

test('every string comes through as it is, byte order marks at its beginning too, however the bytes are cut', () => {
  for (const text of ['\uFEFF', '\uFEFFa', 'a\uFEFF\uFEFFb', ...NASTY_TEXTS.filter((one) => one.length < 5000)]) {
    const json = JSON.stringify(text);
    for (const step of [1, 2, 3, 7, 1000]) expect(serialized(utf8(json), step)).toBe(json);
  }
  expect(serialized(utf8('"\\ufeff\\u00e9\\ud83d\\ude00"'))).toBe(JSON.stringify('\uFEFFé😀'));
});

test('any JSON value comes through, numbers with all their digits', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.integer({ min: 1, max: 20 }), (value, step) => {
      const json = JSON.stringify(value);
      expect(serialized(utf8(json), step)).toBe(json);
    }),
  );
  const exact = '[123456789012345678901234567890.10,-0,1e400,0.1E-7]';
  expect(serialized(utf8(exact), 1)).toBe(exact);
});

test('a byte order mark before the document is passed over', () => {
  expect(serialized(utf8('\uFEFF[1]'), 1)).toBe('[1]');
});

const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('refused as ARCHIVE_INVALID', () => {
  const cases: [string, Uint8Array][] = [
    ['UTF-16 with a mark, low byte first', Buffer.from('\uFEFF{"a":1}', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('{"a":1}', 'utf16le')],
    ['UTF-16 with a mark, high byte first', Buffer.from('\uFEFF{"a":1}', 'utf16le').swap16()],
    ['Latin-1', Buffer.from('["Zoë"]', 'latin1')],
    ['a surrogate written as three bytes', Buffer.from('225b22eda08022', 'hex')],
    ['a character of too many bytes', Buffer.from('22c0af22', 'hex')],
    ['text cut within a string', utf8('["abc')],
    ['text cut within a character', Buffer.from('["é').subarray(0, 3)],
    ['text cut within a word', utf8('[tru')],
    ['a control character in a string', utf8('["a\nb"]')],
    ['a number that begins with its point', utf8('[.5]')],
    ['a word that JSON does not have', utf8('[undefined]')],
    ['NaN', utf8('[NaN]')],
    ['an escape that JSON does not have', utf8('["\\x41"]')],
  ];
  for (const [what, bytes] of cases)
    test(what, () => {
      for (const step of [1, 1000]) expect(refusal(() => serialized(bytes, step))).toBe('ARCHIVE_INVALID');
    });
});

test('a string or number longer than the limit is refused before it has ended', () => {
  expect(refusal(() => serialized(utf8(`["${'a'.repeat(50)}`), 10, 20))).toBe('ARCHIVE_LIMIT');
  expect(refusal(() => serialized(utf8(`[${'1'.repeat(50)}`), 10, 20))).toBe('ARCHIVE_LIMIT');
  expect(serialized(utf8(`["${'a'.repeat(20)}"]`), 3, 20)).toBe(`["${'a'.repeat(20)}"]`);
});
