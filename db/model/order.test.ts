import { expect, test } from 'bun:test';
import fc from 'fast-check';
import * as hrms from '../hrms/schema.ts';
import { modelFromSchema } from './drizzle-model.ts';
import type { ForeignKeyModel } from './model.ts';
import { loadOrder } from './order.ts';

const node = (name: string, targets: string[]) => ({
  schema: 'public',
  name,
  foreignKeys: targets.map(
    (target): ForeignKeyModel => ({
      name: `${name}_${target}_fk`,
      columns: ['x'],
      target: { schema: 'public', name: target },
      targetColumns: ['id'],
      onUpdate: 'no action',
      onDelete: 'no action',
    }),
  ),
});

const anyTables = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 12 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc
          .array(fc.oneof(fc.constantFrom(...names), fc.constant('elsewhere')), { maxLength: 4 })
          .map((targets) => node(name, targets)),
      ),
    ),
  );

test('loadOrder() names every table exactly once', () => {
  fc.assert(
    fc.property(anyTables, (tables) =>
      expect(loadOrder(tables).order.toSorted()).toEqual(tables.map((t) => `public.${t.name}`).sort()),
    ),
  );
});

test('loadOrder() puts a table after everything it refers to, unless both stand in one cycle', () => {
  fc.assert(
    fc.property(anyTables, (tables) => {
      const { order, cycles } = loadOrder(tables);
      for (const table of tables) {
        for (const foreignKey of table.foreignKeys) {
          const [from, to] = [`public.${table.name}`, `public.${foreignKey.target.name}`];
          if (!order.includes(to) || cycles.some((group) => group.includes(from) && group.includes(to))) continue;
          expect(order.indexOf(to)).toBeLessThan(order.indexOf(from));
        }
      }
    }),
  );
});

test('loadOrder() calls a group a cycle only when each of its tables reaches every other by foreign keys', () => {
  fc.assert(
    fc.property(anyTables, (tables) => {
      const targets = new Map(
        tables.map((t) => [`public.${t.name}`, t.foreignKeys.map((foreignKey) => `public.${foreignKey.target.name}`)]),
      );
      const reach = (from: string): Set<string> => {
        const seen = new Set<string>();
        const open = [...(targets.get(from) ?? [])];
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
          if (seen.has(next)) continue;
          seen.add(next);
          open.push(...(targets.get(next) ?? []));
        }
        return seen;
      };
      const { cycles } = loadOrder(tables);
      for (const name of targets.keys()) {
        const ring = [...targets.keys()].filter((other) => reach(name).has(other) && reach(other).has(name)).sort();
        const named = cycles.find((group) => group.includes(name));
        expect(named).toEqual(ring.length > 0 ? ring : undefined);
      }
    }),
  );
});

test('loadOrder() gives the same answer however the tables are shuffled', () => {
  fc.assert(
    fc.property(
      anyTables.chain((tables) =>
        fc.tuple(fc.constant(tables), fc.shuffledSubarray(tables, { minLength: tables.length })),
      ),
      ([tables, shuffled]) => expect(loadOrder(shuffled)).toEqual(loadOrder(tables)),
    ),
  );
});

test('loadOrder() orders the HRMS with its two self-references named', () => {
  const { order, cycles } = loadOrder(modelFromSchema(hrms).tables);
  expect(cycles).toEqual([['public.admins'], ['public.staff']]);
  expect(order.indexOf('public.categories')).toBeLessThan(order.indexOf('public.staff'));
  expect(order.indexOf('public.loans')).toBeLessThan(order.indexOf('public.loan_repayments'));
});
