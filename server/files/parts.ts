import type { Context } from 'hono';
import type { Records } from '../../db/system/records.ts';
import type { NameOfBackup } from '../api/backups/find-backup.ts';
import type { AppEnv } from '../api/context.ts';
import type { Archive } from '../archive/reader.ts';
import type { Acceptance } from '../jobs/uploads/acceptance.ts';
import type { WaitingLimits } from '../jobs/uploads/records.ts';
import type { Audit } from '../security/audit/audit.ts';
import type { Caller } from '../security/caller.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadArea } from '../storage/uploads.ts';

export type FilesContext = Context<AppEnv>;

/** What the bytes routes are made of. */
export interface FileParts {
  records: Records;
  storage: Storage;
  area: UploadArea;
  acceptance: Acceptance;
  now: () => Date;
  /** Told of each new archive, so that cached lists are dropped. */
  onStored?: (fileName: string) => void;
  /** Largest upload, bytes. */
  maxUploadBytes: number;
  /** What one person's uploads may come to that are neither accepted nor refused yet. */
  waitingLimits: WaitingLimits;
  /** A fresh UUID. */
  newId: () => string;
  /** A failure as a response: the shape of `failureBody`, the status of its code. */
  fail: (error: unknown) => Response;
  audit: Pick<Audit, 'append' | 'rows'>;
  nameOf: NameOfBackup;
  /** Who may download what by a signed link; rejects with UNAUTHENTICATED. */
  readLink(token: string, purpose: 'download'): Promise<{ subject: string; actor: string }>;
  /** Who a request comes from, asked again while its bytes come. Rejects with UNAUTHENTICATED for a token that does not count any more. */
  readCaller(headers: Headers, address: string): Promise<{ caller: Caller }>;
  /** How often; half a minute when missing. */
  askAgainMs?: number;
  /** An archive as BackupData JSON. Without it `?format=json` is refused. */
  exportJson?: (archive: Archive, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}
