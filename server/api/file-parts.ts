import type { Context } from 'hono';
import type { Records } from '../../db/records.ts';
import type { audit } from '../../db/schema/system.ts';
import type { Archive } from '../archive/reader.ts';
import type { ErrorCode } from '../errors.ts';
import type { Caller } from '../security/caller.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadArea } from '../storage/uploads.ts';

import type { NameOfBackup } from './find-backup.ts';

/** What the bytes routes find on each request; the app puts it there. */
export interface FilesEnv {
  Variables: {
    caller: Caller;
    requestId: string;
    log: Record<'info' | 'warn' | 'error', (facts: Record<string, unknown>, message: string) => void>;
  };
}
export type FilesContext = Context<FilesEnv>;

export interface FileAuditEntry {
  actor: string;
  address: string;
  action: string;
  outcome: 'allowed' | 'denied' | 'failed';
  code?: ErrorCode;
  target?: string;
  requestId?: string;
  details?: Record<string, unknown>;
}

/** Which rows of the audit are wanted; everything when empty. */
export interface FileAuditFilter {
  actor?: string;
  action?: string;
  outcome?: 'allowed' | 'denied' | 'failed';
  code?: ErrorCode;
  target?: string;
  operationId?: string;
  address?: string;
  /** Part of actor, action, target or address. */
  search?: string;
  from?: Date;
  to?: Date;
}
export type FileAuditRow = typeof audit.$inferSelect;

/** What an upload needs to become a backup. */
export interface AcceptParts {
  records: Records;
  storage: Storage;
  area: UploadArea;
  now: () => Date;
  /** Makes a stored archive of a BackupData document: JSON, gzip of it, or an older backup's ZIP. Without it such uploads are refused. */
  acceptJson?: (
    path: string,
    /** Who sent it, and what they call it. */
    from: { actor: string; label: string },
    signal: AbortSignal,
  ) => Promise<{ fileName: string; warnings: string[] }>;
  /** Told of each new archive, so that cached lists are dropped. */
  onStored?: (fileName: string) => void;
}

/** What the bytes routes are made of. */
export interface FileParts extends AcceptParts {
  /** Largest upload, bytes. */
  maxUploadBytes: number;
  /** A fresh UUID. */
  newId: () => string;
  /** A failure as a response: the shape of `failureBody`, the status of its code. */
  fail: (error: unknown) => Response;
  audit: {
    append(entry: FileAuditEntry): Promise<void>;
    rows(filter: FileAuditFilter, signal: AbortSignal): AsyncIterable<FileAuditRow>;
  };
  nameOf: NameOfBackup;
  /** Who may download what by a signed link; rejects with UNAUTHENTICATED. */
  readLink(token: string, purpose: 'download'): Promise<{ subject: string; actor: string }>;
  /** An archive as BackupData JSON. Without it `?format=json` is refused. */
  exportJson?: (archive: Archive, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}
