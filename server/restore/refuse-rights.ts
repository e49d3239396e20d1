import type { Session } from '../../db/connect/session.ts';
import { qualifiedName } from '../../db/model/model.ts';
import { AppError } from '../core/errors.ts';
import { readObstacles } from '../postgres/preflight/obstacles.ts';
import { missingForRestore } from '../postgres/preflight/restore-rights.ts';
import { type FoundSequences, sequencesOutOfBounds } from '../postgres/rewrite/set-sequences.ts';
import type { RestorePlan } from './plan.ts';

/** Throws PERMISSION_DENIED, naming each missing right and the statement that grants it. Call before anything is staged or locked. */
export async function refuseMissingRights(session: Session, plan: RestorePlan, found: FoundSequences): Promise<void> {
  const set = new Set(found.wanted.map(({ live }) => qualifiedName(live)));
  const missing = await missingForRestore(
    session,
    plan.tables.map(({ live, columns, archived }) => ({ oid: live.oid, columns, filled: archived.rows > 0 })),
    found.all.map(({ schema, name }) => ({ schema, name, set: set.has(qualifiedName({ schema, name })) })),
  );
  if (missing.length === 0) return;
  throw new AppError('PERMISSION_DENIED', `${missing.map((right) => right.message).join('; ')}. Nothing was changed.`, {
    hint: `As the owner or an administrator run: ${missing.map((right) => right.grant).join(' ')}`,
    details: { missing },
  });
}

/**
 * Throws RESTORE_REFUSED, naming everything of today's tables that cannot be put back as it is. Call before anything is staged or locked.
 */
export async function refuseObstacles(session: Session, plan: RestorePlan): Promise<void> {
  const obstacles = await readObstacles(
    session,
    plan.tables.map((table) => table.live.oid),
  );
  const stops = obstacles.filter((obstacle) => obstacle.stops);
  if (stops.length === 0) return;
  throw new AppError('RESTORE_REFUSED', `${stops.map(({ message }) => message).join('; ')}. Nothing was changed.`, {
    hint: `${stops.map(({ hint }) => hint).join(' ')} Then restore again.`,
    details: { obstacles: stops },
  });
}

/** Throws RESTORE_REFUSED, naming each sequence that cannot stand where the backup has it. Call before anything is staged or locked. */
export function refuseSequences(found: FoundSequences): void {
  const outside = sequencesOutOfBounds(found);
  if (outside.length === 0) return;
  throw new AppError('RESTORE_REFUSED', `${outside.map(({ message }) => message).join('; ')}. Nothing was changed.`, {
    hint: `${outside.map(({ hint }) => hint).join(' ')} Then restore again.`,
    details: { outside },
  });
}
