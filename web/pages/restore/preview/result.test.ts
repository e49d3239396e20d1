import { expect, test } from 'bun:test';
import { previewOf } from './result.ts';

const rule = { message: 'm', hint: null, outcome: 'refused', keepable: true } as const;
const found = (rules: object[]) => previewOf({ tables: [], stops: [], rules });

test('a preview offers to keep rules that rows break only where a restore is refused for one that it may keep', () => {
  expect(found([rule])?.couldKeep).toBe(true);
  expect(found([{ ...rule, keepable: false }])?.couldKeep).toBe(false);
  expect(found([{ ...rule, outcome: 'kept' }])).toMatchObject({ couldKeep: false, settled: [{ outcome: 'kept' }] });
});

test('the result of another operation is no preview', () => {
  expect(previewOf({ restoredRecords: 1 })).toBeNull();
  expect(previewOf(null)).toBeNull();
});
