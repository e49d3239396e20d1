import { qualifiedName } from '../../../db/model/model.ts';
import type { LiveTypes } from '../../postgres/catalog/types.ts';

/**
 * Returns a warning for each type that the archive's `schema/*.sql` cannot create as it is. Anyone restoring by hand must create it
 * first.
 */
export function unmakeableTypes({ types, otherTypes }: Partial<LiveTypes>): string[] {
  return [
    ...(otherTypes ?? []).map(
      (type) =>
        `The type ${qualifiedName(type)} is made of functions (${type.input}, …) that no backup holds: an empty database needs it before this backup can be restored into it.`,
    ),
    ...(types ?? []).flatMap((type) => {
      if (type.kind !== 'range') return [];
      return type.canonical === null
        ? []
        : [
            `schema/0001.sql makes the range type ${qualifiedName(type)} without its canonical function ${type.canonical}: make it by hand first.`,
          ];
    }),
  ];
}
