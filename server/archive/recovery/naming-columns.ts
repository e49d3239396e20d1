import { qualifiedName, storedColumns } from '../../../db/model/model.ts';
import { readTypeReference } from '../../../db/model/type-reference.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { sqlTypesOf } from './creation-order.ts';

/** Types whose values name objects or roles: PostgreSQL refuses a value whose object does not exist. */
const NAMING =
  /^(reg(class|collation|config|database|dictionary|namespace|oper|operator|proc|procedure|role|type)|aclitem)$/;

/**
 * Returns the columns, as `schema.table.column (type)`, whose values name objects of the database, at any depth of
 * their type.
 */
export function namingColumns({ tables, types }: Pick<Manifest, 'tables' | 'types'>): string[] {
  const parts = new Map([
    ...tables.map((table) => [qualifiedName(table), table.columns.map(({ sqlType }) => sqlType)] as const),
    ...types.map((type) => [qualifiedName(type), sqlTypesOf(type)] as const),
  ]);
  const known = new Map<string, boolean>();
  const isNaming = (sqlType: string): boolean => {
    const type = readTypeReference(sqlType)?.type;
    if (!type) return false;
    if (type.schema === 'pg_catalog') return NAMING.test(type.name);
    const name = qualifiedName(type);
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, false);
    const found = (parts.get(name) ?? []).some(isNaming);
    known.set(name, found);
    return found;
  };
  return tables.flatMap((table) =>
    storedColumns(table)
      .filter(({ sqlType }) => isNaming(sqlType))
      .map(({ name, sqlType }) => `${qualifiedName(table)}.${name} (${sqlType})`),
  );
}
