import type { Context } from 'hono';
import type { Records } from '../../db/system/records.ts';
import type { NameOfBackup } from '../api/backups/find-backup.ts';
import type { AppEnv } from '../api/context.ts';
import type { Archive } from '../archive/reader.ts';
import type { Acceptance } from '../jobs/uploads/acceptance.ts';
import type { WaitingLimits } from '../jobs/uploads/records.ts';
import type { Audit } from '../security/audit/audit.ts';
import type { Caller, Holder } from '../security/caller.ts';
import type { LinkClaims } from '../security/tokens/tokens.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadArea } from '../storage/uploads.ts';

export type FilesContext = Context<AppEnv>;

/** Dependencies of the bytes routes. */
export interface FileParts {
  records: Records;
  storage: Storage;
  area: UploadArea;
  acceptance: Acceptance;
  now: () => Date;
  /** Called for each new archive, so that cached lists are dropped. */
  onStored?: (fileName: string) => void;
  /** Called with the name of an archive whose damage was recorded. */
  onDamage?: (fileName: string) => void;
  /** Largest upload, in bytes. */
  maxUploadBytes: number;
  /** Limits on one person's uploads that are neither accepted nor refused yet. */
  waitingLimits: WaitingLimits;
  /** Returns a fresh UUID. */
  newId: () => string;
  /** Turns a failure into a response: the shape of `failureBody`, the status of its code. */
  fail: (error: unknown) => Response;
  audit: Pick<Audit, 'append' | 'rows'>;
  nameOf: NameOfBackup;
  /** Returns what a signed link says; throws UNAUTHENTICATED. */
  readLink(token: string, purpose: 'download'): Promise<LinkClaims>;
  /** Reads who holds a session or token again, while bytes are sent to him. Throws UNAUTHENTICATED once it has ended. */
  readHolder(holder: Holder, address: string): Promise<Caller>;
  /** Reads the caller of a request again while its bytes arrive. Throws UNAUTHENTICATED for a token no longer valid. */
  readCaller(headers: Headers, address: string): Promise<{ caller: Caller }>;
  /** Milliseconds between those readings; half a minute when absent. */
  askAgainMs?: number;
  /** Exports an archive as BackupData JSON. When absent, `?format=json` is refused. */
  exportJson?: (archive: Archive, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}
