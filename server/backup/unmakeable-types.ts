import { qualifiedName } from '../../db/model.ts';
import type { LiveTypes } from '../postgres/types.ts';

/** Returns a warning for each type that the archive's `schema/*.sql` cannot make as it is: whoever restores by hand must make it first. */
export function unmakeableTypes({ types, otherTypes, collations }: Partial<LiveTypes>): string[] {
  return [
    ...(otherTypes ?? []).map(
      (type) =>
        `The type ${qualifiedName(type)} is made of functions (${type.input}, …) that no backup holds: an empty database needs it before this backup can be restored into it.`,
    ),
    ...(types ?? []).flatMap((type) => {
      if (type.kind !== 'range') return [];
      const lost = [
        ...(type.canonical === null ? [] : [`its canonical function ${type.canonical}`]),
        ...(type.collation === null || type.collation.schema === 'pg_catalog'
          ? []
          : [`its collation ${qualifiedName(type.collation)}`]),
      ];
      return lost.length === 0
        ? []
        : [
            `schema/0001.sql makes the range type ${qualifiedName(type)} without ${lost.join(' and ')}: make it by hand first.`,
          ];
    }),
    ...(collations ?? []).map(
      (collation) =>
        `The collation ${qualifiedName(collation)} is not in schema/0001.sql, which makes what uses it without: values are the same there, and sort otherwise.`,
    ),
  ];
}
