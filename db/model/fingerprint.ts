import { type EnumModel, type ObjectName, qualifiedName, type SchemaModel, type TableModel } from './model.ts';

/**
 * Returns SHA-256 (hex) over what matters to a backup: tables, columns, types, defaults, keys, foreign keys, enum labels, sequences.
 * Neither declaration order nor property names count; the order of labels and of key columns does.
 */
export function fingerprintOf(model: Omit<SchemaModel, 'fingerprint'>): string {
  const canonical = {
    tables: byName(model.tables).map(tableFacts),
    enums: byName(model.enums).map(({ schema, name, labels }: EnumModel) => ({ schema, name, labels })),
    sequences: byName(model.sequences).map(({ schema, name, ownedBy }) => ({
      schema,
      name,
      ownedBy: ownedBy && [ownedBy.schema, ownedBy.name, ownedBy.column],
    })),
  };
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(canonical)).digest('hex');
}

// Written out field by field: a field added to the model must not change every fingerprint unnoticed.
function tableFacts(table: TableModel): object {
  return {
    schema: table.schema,
    name: table.name,
    columns: sorted(table.columns, (c) => c.name).map((c) => ({
      name: c.name,
      sqlType: c.sqlType,
      notNull: c.notNull,
      defaultSql: c.defaultSql,
      generated: c.generated && [c.generated.kind, c.generated.expression],
      identity: c.identity,
    })),
    primaryKey: table.primaryKey && [table.primaryKey.name, ...table.primaryKey.columns],
    uniques: sorted(table.uniques, (u) => u.name).map((u) => [u.name, u.kind, u.nullsNotDistinct, u.columns]),
    links: sorted(table.foreignKeys, (f) => f.name).map((f) => [
      f.name,
      f.columns,
      [f.target.schema, f.target.name],
      f.targetColumns,
      f.onUpdate,
      f.onDelete,
    ]),
  };
}

function byName<T extends ObjectName>(items: readonly T[]): T[] {
  return sorted(items, qualifiedName);
}

function sorted<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}
