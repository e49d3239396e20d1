import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { NASTY_TEXTS } from '../../../db/testing/fixtures/nasty-texts.ts';
import { type ArrayTree, formatArray, parseArray } from './pg-array.ts';

const leaf = fc.option(fc.oneof(fc.constantFrom(...NASTY_TEXTS.filter((t) => t.length < 5000)), fc.string()));
const tree: fc.Arbitrary<ArrayTree<string | null>> = fc.oneof(
  fc.array(leaf, { maxLength: 5 }),
  fc.array(fc.array(leaf, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
);

test('parseArray() takes apart whatever formatArray() puts together', () => {
  fc.assert(fc.property(tree, (items) => expect(parseArray(formatArray(items))).toEqual(items)));
});

test('parseArray() reads what PostgreSQL writes: plain words, quoted ones, NULL and "NULL", dimensions', () => {
  expect(parseArray('{}')).toEqual([]);
  expect(parseArray('{a,"b c",NULL,"NULL","","q\\"\\\\"}')).toEqual(['a', 'b c', null, 'NULL', '', 'q"\\']);
  expect(parseArray('{{1,2},{3,NULL}}')).toEqual([
    ['1', '2'],
    ['3', null],
  ]);
});

test('parseArray() knows an array with bounds of its own for one that no list can tell', () => {
  expect(parseArray('[0:1]={a,b}')).toBeNull();
});

describe('parseArray() refuses', () => {
  for (const text of ['', 'a', '{', '{a', '{a,', '{a,}', '{"a}', '{a}b', '{{a}', '{{{{{{{a}}}}}}}', '{"a\\'])
    test(JSON.stringify(text), () => {
      expect(() => parseArray(text)).toThrow(RangeError);
    });
});
