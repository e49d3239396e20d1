import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { prettyJson } from './json-pretty.ts';

test('prettyJson() writes any object or list as JSON.stringify() would, indented by two', () => {
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value));
      expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(parsed, null, 2));
    }),
  );
});

test('prettyJson() keeps numbers to the last digit', () => {
  expect(prettyJson('{"a": 12345678901234567890.10, "b": [1e400]}')).toBe(
    '{\n  "a": 12345678901234567890.10,\n  "b": [\n    1e400\n  ]\n}',
  );
});

test('prettyJson() leaves alone what is no object or list, or not whole', () => {
  for (const text of ['', '1', '"{}"', 'null', '{"a": 1', '{a}', '{1,2}', '[NULL]'])
    expect(prettyJson(text)).toBeNull();
});
