import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { QUEUE_SCHEMA } from '../../../db/system/own-schemas.ts';
import { SYSTEM_SCHEMA } from '../../../db/system/schema.ts';
import { AppError } from '../../core/errors.ts';
import { stagingOwner } from '../staging/staging.ts';

/** Throws RESTORE_REFUSED for an archive that holds records of this program itself, or of a restore in progress. */
export function refuseOurOwn(objects: readonly ObjectName[]): void {
  const ours = objects.filter(
    ({ schema }) => schema === SYSTEM_SCHEMA || schema === QUEUE_SCHEMA || stagingOwner(schema) !== null,
  );
  if (ours.length === 0) return;
  throw new AppError(
    'RESTORE_REFUSED',
    `The archive holds records of the backup program itself (${ours.slice(0, 5).map(qualifiedName).join(', ')}), which are never restored.`,
    { hint: 'No backup made by this program holds them. Find out where this archive comes from before you use it.' },
  );
}
