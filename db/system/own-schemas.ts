/** The schema of the job queue: its rows are work in progress, wrong the moment they are restored. */
export const QUEUE_SCHEMA = 'backup_queue';
/** Private schemas of restores begin with this; the operation's id follows. */
export const STAGING_PREFIX = 'restore_';
/** A schema of an application may begin so, too (`restore_points`); only the whole name tells. */
const STAGING_NAME = new RegExp(`^${STAGING_PREFIX}[0-9a-f]{32}$`);

/** Whether a schema is called as the private schema of a restore. */
export function isStagingName(schema: string): boolean {
  return STAGING_NAME.test(schema);
}
