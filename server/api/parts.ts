import type { SchemaModel } from '../../db/model.ts';
import type { Records } from '../../db/records.ts';
import type { Catalogue } from '../backup/catalogue.ts';
import type { Exclusion } from '../backup/exclusions.ts';
import type { RowReader } from '../backup/rows.ts';
import type { Desk } from '../jobs/desk.ts';
import type { Audit } from '../security/audit.ts';
import type { Sessions } from '../security/sessions.ts';
import type { Throttle } from '../security/throttle.ts';
import type { Tokens } from '../security/tokens.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadDesk } from './upload-desk.ts';

/** What the procedures are made of; `server/rooms.ts` hands it in. */
export interface ApiParts {
  sessions: Pick<
    Sessions,
    'signIn' | 'signOut' | 'signOutEverywhere' | 'list' | 'stepUp' | 'enterByBreakGlass' | 'cookies'
  >;
  tokens: Pick<Tokens, 'create' | 'list' | 'revoke' | 'issueAccess' | 'signLink'>;
  audit: Pick<Audit, 'append' | 'list' | 'verify'>;
  throttle: Pick<Throttle, 'spend'>;
  desk: Pick<Desk, 'request' | 'get' | 'list' | 'cancel' | 'watch'>;
  uploads: UploadDesk;
  storage: Storage;
  catalogue: Catalogue;
  rows: RowReader;
  records: Records;
  model: SchemaModel;
  /** For people, without the password. */
  databaseAddress: string;
  /** The newest of our own migrations that this program knows, as `db/migration-state.ts` names it. */
  newestMigration: number;
  /** What the next backup leaves out on purpose. Rejects with CONFIG_INVALID where the file cannot be meant. */
  readExclusions(): Promise<Exclusion[]>;
  /** What this server's processes take of the memory they may have. */
  memory(): {
    answering: { bytes: number; limitBytes: number };
    worker: { bytes: number; limitBytes: number } | null;
  };
  /** Rejects with an AppError while no archive can be written. */
  checkStorage(): Promise<void>;
  backup: { compression: 'deflate' | 'zstd'; level: number | null };
  version: string;
  now: () => Date;
}
