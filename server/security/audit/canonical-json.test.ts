import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.ts';

const json = () => fc.jsonValue({ stringUnit: 'binary', depthSize: 'medium' }) as fc.Arbitrary<Json>;

/** Returns the same value, its members in the opposite order. */
function turned(value: Json): Json {
  if (Array.isArray(value)) return value.map(turned);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turned(member)]),
  );
}

describe('canonicalJson()', () => {
  test('writes what JSON.parse reads back as the same value', () => {
    fc.assert(
      fc.property(json(), (value) =>
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    );
  });

  test('writes the same text in whatever order the members come', () => {
    fc.assert(fc.property(json(), (value) => expect(canonicalJson(turned(value))).toBe(canonicalJson(value))));
  });

  test('writes different values differently', () => {
    fc.assert(
      fc.property(json(), json(), (one, other) => {
        expect(canonicalJson(one) === canonicalJson(other)).toBe(
          Bun.deepEquals(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)), true),
        );
      }),
    );
  });

  test('writes the examples of RFC 8785', () => {
    const sample = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    );
    expect(canonicalJson(sample)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect([...canonicalJson(names).matchAll(/:(\d)/g)].map((found) => Number(found[1]))).toEqual([
      2, 4, 6, 7, 1, 5, 3,
    ]);
  });
});
