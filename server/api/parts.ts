import type { SchemaModel } from '../../db/model/model.ts';
import type { Records } from '../../db/system/records.ts';
import type { Exclusion } from '../backup/exclusions.ts';
import type { Desk } from '../jobs/queue/desk.ts';
import type { UploadDesk } from '../jobs/uploads/upload-desk.ts';
import type { BackupCache } from '../library/backup-cache.ts';
import type { RowReader } from '../library/rows/rows.ts';
import type { SensitivityOf } from '../library/rows/shown-columns.ts';
import type { Audit } from '../security/audit/audit.ts';
import type { Sessions } from '../security/sessions/sessions.ts';
import type { Throttle } from '../security/throttle.ts';
import type { Tokens } from '../security/tokens/tokens.ts';
import type { Storage } from '../storage/storage.ts';

/** Dependencies of the procedures, handed in by `server/process/services.ts`. */
export interface ApiParts {
  sessions: Pick<
    Sessions,
    'signIn' | 'signOut' | 'signOutEverywhere' | 'list' | 'stepUp' | 'enterByBreakGlass' | 'cookies'
  >;
  tokens: Pick<Tokens, 'create' | 'list' | 'revoke' | 'issueAccess' | 'signLink'>;
  audit: Pick<Audit, 'append' | 'list' | 'verify'>;
  throttle: Pick<Throttle, 'consume'>;
  desk: Pick<Desk, 'request' | 'get' | 'list' | 'cancel' | 'watch'>;
  uploads: UploadDesk;
  storage: Storage;
  cache: BackupCache;
  rows: RowReader;
  /** Policy that decides which columns are hidden. */
  sensitivityOf: SensitivityOf;
  records: Records;
  model: SchemaModel;
  /** For people, without the password. */
  databaseAddress: string;
  /** The newest of our own migrations that this program knows, as `db/system/migration-state.ts` names it. */
  newestMigration: number;
  /** Reads what the next backup leaves out on purpose. Throws CONFIG_INVALID when the file is malformed. */
  readExclusions(): Promise<Exclusion[]>;
  /** Returns the memory used by this server's processes, and its limits. */
  memory(): {
    answering: { bytes: number; limitBytes: number };
    worker: { bytes: number; limitBytes: number } | null;
  };
  /** Throws an AppError while no archive can be written. */
  checkStorage(): Promise<void>;
  backup: { compression: 'deflate' | 'zstd'; level: number | null };
  version: string;
  now: () => Date;
}
