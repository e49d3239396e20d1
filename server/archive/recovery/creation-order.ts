import { qualifiedName } from '../../../db/model/model.ts';
import { readTypeReference } from '../../../db/model/type-reference.ts';
import type { ManifestTable, UserType } from '../manifest/manifest.ts';

/** A type or table that `schema/*.sql` makes. */
export type Creation = { type: UserType } | { table: ManifestTable };

/**
 * Orders types and tables so that each stands after those it is made of; otherwise types come first. Leaves out the row
 * type of a table that is made anyway.
 */
export function creationOrder(types: UserType[], tables: ManifestTable[]): Creation[] {
  const names = new Set(tables.map(qualifiedName));
  const nodes: { name: string; refers: string[]; creation: Creation }[] = [
    ...types
      .filter((type) => !(type.kind === 'composite' && names.has(qualifiedName(type))))
      .map((type) => ({ name: qualifiedName(type), refers: sqlTypesOf(type), creation: { type } })),
    ...tables.map((table) => ({
      name: qualifiedName(table),
      refers: table.columns.map((column) => column.sqlType),
      creation: { table },
    })),
  ];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ordered: Creation[] = [];
  const visited = new Set<string>();
  const visit = ({ name, refers, creation }: (typeof nodes)[number]) => {
    if (visited.has(name)) return;
    visited.add(name);
    for (const sqlType of refers) {
      const reference = readTypeReference(sqlType);
      const needed = reference && byName.get(qualifiedName(reference.type));
      if (needed) visit(needed);
    }
    ordered.push(creation);
  };
  for (const node of nodes) visit(node);
  return ordered;
}

/** Returns the SQL types that a type is made of. */
export function sqlTypesOf(type: UserType): string[] {
  switch (type.kind) {
    case 'composite':
      return type.attributes.map((attribute) => attribute.sqlType);
    case 'domain':
      return [type.baseType];
    case 'range':
      return [type.subtype];
    default:
      return [];
  }
}
