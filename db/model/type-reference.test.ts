import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { quoteWhereNeeded } from './sql-type.ts';
import { readTypeReference } from './type-reference.ts';

test('a name is read back whatever letters, quotes, dots, brackets and line breaks it holds', () => {
  const part = fc
    .array(fc.constantFrom('a', 'B', '"', '.', ' ', '\n', '(', ')', '[]', ',', 'ü', '_'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((letters) => letters.join(''));
  fc.assert(
    fc.property(
      part,
      part,
      fc.boolean(),
      fc.constantFrom('', '(3)', '(Point,4326)'),
      (schema, name, array, modifier) => {
        const spelled = `${quoteWhereNeeded(schema)}.${quoteWhereNeeded(name)}${modifier}${array ? '[]' : ''}`;
        expect(readTypeReference(spelled)).toEqual({ type: { schema, name }, array });
      },
    ),
  );
});

test.each([
  ['integer', 'integer', false],
  ['numeric(10,2)[]', 'numeric', true],
  ['"char"', 'char', false],
  ['pg_class', 'pg_class', false],
])('%s is PostgreSQL’s own', (spelled, name, array) => {
  expect(readTypeReference(spelled)).toEqual({ type: { schema: 'pg_catalog', name }, array });
});

test.each(['timestamp(3) without time zone', 'character varying(4)[]', 'interval day to second(3)', ''])(
  '%p names no type of a schema',
  (spelled) => {
    expect(readTypeReference(spelled)).toBeNull();
  },
);
