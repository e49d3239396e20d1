import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { inOrder, type Step, type StepKind } from './steps.ts';

const step = (table: string, kind: StepKind): Step<string> => ({ table, kind });

test('inOrder() keeps the order given where no pair says otherwise', () => {
  const steps = [step('a', 'remove'), step('b', 'remove'), step('a', 'add')];
  expect(inOrder(steps, [])).toEqual({ order: steps });
});

test('inOrder() names the tables of a circle, and takes no heed of pairs with a step that is not to be taken', () => {
  const [one, other, third] = [step('a', 'change'), step('b', 'change'), step('c', 'add')];
  const circle = [
    { first: one, next: other },
    { first: other, next: one },
  ];
  expect(inOrder([one, other, third], circle)).toEqual({ circle: ['a', 'b'] });
  expect(inOrder([one, third], circle)).toEqual({ order: [one, third] });
});

test('inOrder() puts the first of every pair before the other, whatever the pairs', () => {
  const steps = ['a', 'b', 'c'].flatMap((table) =>
    (['remove', 'change', 'add'] as const).map((kind) => step(table, kind)),
  );
  const pair = fc.record({ first: fc.nat(8), next: fc.nat(8) }).filter(({ first, next }) => first < next);
  fc.assert(
    fc.property(fc.shuffledSubarray(steps, { minLength: 9 }), fc.array(pair), (shuffled, places) => {
      const pairs = places.map(({ first, next }) => ({
        first: steps[first] as Step<string>,
        next: steps[next] as Step<string>,
      }));
      const found = inOrder(shuffled, pairs);
      if (!('order' in found)) throw new Error('a circle where there is none');
      expect(new Set(found.order)).toEqual(new Set(shuffled));
      for (const { first, next } of pairs) expect(found.order.indexOf(first)).toBeLessThan(found.order.indexOf(next));
    }),
  );
});
