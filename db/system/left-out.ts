import type { ObjectName } from '../model/model.ts';
import { isStagingName, QUEUE_SCHEMA } from './own-schemas.ts';
import { SYSTEM_SCHEMA } from './schema.ts';

interface LeftOutRule {
  matches(table: ObjectName): boolean;
  reason: string;
  /** True when no schema, whatever it declares, makes the table part of a backup. */
  always: boolean;
}

const LEFT_OUT: readonly LeftOutRule[] = [
  {
    matches: (t) => t.schema === SYSTEM_SCHEMA,
    always: true,
    reason: "this program's own records: a restore must not rewrite the record of itself",
  },
  {
    matches: (t) => t.schema === QUEUE_SCHEMA,
    always: true,
    reason: "this program's own job queue: work in progress, not data",
  },
  {
    matches: (t) => isStagingName(t.schema),
    always: false,
    reason: 'the working schema of a restore: dropped when it ends',
  },
  {
    matches: (t) => t.name === '_prisma_migrations',
    always: false,
    reason: "Prisma's own journal: belongs to the schema, not to the data",
  },
  {
    matches: (t) => t.schema === 'drizzle' || t.name === '__drizzle_migrations',
    always: false,
    reason: "Drizzle's own journal: belongs to the schema, not to the data",
  },
];

/**
 * Returns the rule that leaves an object out, or null when none applies. A table the schema declares is protected even where a rule would
 * leave it out, unless the rule says `always`.
 */
export function leftOutRule(name: ObjectName): { reason: string; always: boolean } | null {
  return LEFT_OUT.find((rule) => rule.matches(name)) ?? null;
}
