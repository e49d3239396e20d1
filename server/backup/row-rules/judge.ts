import type { ByteSource } from '../../core/bytes.ts';
import { throwIfCancelled } from '../../core/errors.ts';
import type { FirstRows } from './first-rows.ts';
import { readKeys } from './key-records.ts';
import type { Gathered, PlannedRule } from './plan.ts';

/** Adds the rows that break a rule to `found`: those that repeat an earlier row's key, or refer to a key no row has. */
export async function judgeRule(
  rule: PlannedRule,
  source: ByteSource,
  found: FirstRows,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, part] of rule.own.stream.parts.entries()) {
    const known = rule.target ? await keysOf(rule.target.keys, index, source) : new Set<string>();
    for await (const block of readKeys(source, part)) {
      throwIfCancelled(signal, 'Checking the rows');
      for (const { key, rowNumber } of block) {
        if (rule.target ? !known.has(key) : known.has(key)) found.add(rowNumber);
        else if (!rule.target) known.add(key);
      }
    }
  }
}

async function keysOf({ stream }: Gathered, index: number, source: ByteSource): Promise<Set<string>> {
  const keys = new Set<string>();
  const part = stream.parts[index];
  if (!part) throw new RangeError('both sides of a foreign key have the same parts');
  for await (const block of readKeys(source, part)) for (const { key } of block) keys.add(key);
  return keys;
}
