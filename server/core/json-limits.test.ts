import { expect, test } from 'bun:test';
import { type JsonLimits, limitJson } from './json-limits.ts';

const LIMITS: JsonLimits = { depth: 10, elements: 100, stringBytes: 1000 };

/** Returns the refusal of a text under limits of which no other can be in the way. */
function refusalOf(text: string, limits: Partial<JsonLimits>): string | null {
  const wide = { depth: 1e9, elements: 1e9, stringBytes: 1e9 };
  try {
    limitJson(Buffer.from(text), { ...wide, ...limits }, (what) => new RangeError(what));
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

const nested = (depth: number, [open, close]: readonly [string, string]) => open.repeat(depth) + close.repeat(depth);

test('promise 13: each limit of a JSON text holds by itself, and to the last that it allows', () => {
  const { depth, elements, stringBytes } = LIMITS;
  for (const marks of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(refusalOf(nested(depth, marks), { depth })).toBeNull();
    expect(refusalOf(nested(depth + 1, marks), { depth })).toBe('more than 10 levels');
    // What is never closed is no JSON, and is measured all the same.
    expect(refusalOf(marks[0].repeat(depth + 1), { depth })).toBe('more than 10 levels');
  }
  // The list itself counts as one, as the value that begins it does.
  const list = (items: number) => `[${Array(items).fill('0').join()}]`;
  expect(refusalOf(list(elements - 1), { elements })).toBeNull();
  expect(refusalOf(list(elements), { elements })).toBe('more than 100 keys and values');
  expect(refusalOf(`"${'x'.repeat(stringBytes)}"`, { stringBytes })).toBeNull();
  expect(refusalOf(`"${'x'.repeat(stringBytes + 1)}"`, { stringBytes })).toBe('a text of more than 1000 bytes');
  expect(refusalOf('9'.repeat(1100), {})).toBeNull();
  expect(refusalOf('9'.repeat(1101), {})).toBe('a number of more than 1100 digits');
});
