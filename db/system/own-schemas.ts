/** Schema of the job queue: its rows are work in progress, wrong the moment they are restored. */
export const QUEUE_SCHEMA = 'backup_queue';
/** Prefix of the private schemas of restores; the operation's id follows. */
export const STAGING_PREFIX = 'restore_';
/** The whole name is compared, since an application's schema may have the same prefix (`restore_points`). */
const STAGING_NAME = new RegExp(`^${STAGING_PREFIX}[0-9a-f]{32}$`);

/** Returns true when a schema has the name of a restore's private schema. */
export function isStagingName(schema: string): boolean {
  return STAGING_NAME.test(schema);
}
