import { isDeepStrictEqual } from 'node:util';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import { type LiveTypes, readTypes } from './types.ts';

/**
 * Throws SCHEMA_DRIFT when the types behind these tables are no longer as in `before`. PostgreSQL has no lock for types, and converts
 * values by today's type whatever a snapshot shows. `session` must therefore be outside the snapshot.
 */
export async function refuseAlteredTypes(
  session: Session,
  before: LiveTypes,
  tables: { oids: number[]; otherTypes?: number[] },
  doing: string,
): Promise<void> {
  const after = await readTypes(session, tables.oids, tables.otherTypes);
  if (isDeepStrictEqual(after, before)) return;
  const then = new Map(partsOf(before).map((type) => [qualifiedName(type), type]));
  const now = new Map(partsOf(after).map((type) => [qualifiedName(type), type]));
  const altered = [...new Set([...then.keys(), ...now.keys()])].filter(
    (name) => !isDeepStrictEqual(then.get(name), now.get(name)),
  );
  throw new AppError(
    'SCHEMA_DRIFT',
    `${doing}, somebody altered ${altered.slice(0, 8).join(', ') || 'the types of its columns'}: values may have been misread.`,
    { hint: 'Run it again when nobody alters types.', details: { altered } },
  );
}

function partsOf({ types, otherTypes, collations }: LiveTypes) {
  return [...types, ...otherTypes, ...collations];
}
