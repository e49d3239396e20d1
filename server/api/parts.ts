/**
 * What the procedures are made of, as far as other folders make it: interfaces only. `server/main.ts` hands the real ones in;
 * `Sessions`, `Tokens`, `Audit` and `Throttle` of `security/` and `Desk` of `jobs/` fit by their shape.
 */

import type { ObjectName } from '../../db/model.ts';
import type { Records } from '../../db/records.ts';
import type { OperationState, UploadState } from '../../db/schema/system.ts';
import type { Catalogue } from '../backup/catalogue.ts';
import type { ErrorCode, FailureBody } from '../errors.ts';
import type { ProgressStage } from '../progress.ts';
import type { Caller, Scope } from '../security/caller.ts';
import type { Storage } from '../storage/storage.ts';
import type { LimitClass } from './limits.ts';

export type SessionCaller = Extract<Caller, { kind: 'session' }>;

export interface SessionInfo {
  sessionKey: string;
  address: string;
  userAgent: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface SessionsPart {
  signIn(input: { email: string; password: string; address: string; userAgent: string }): Promise<{
    sessionId: string;
    expiresAt: Date;
    caller: SessionCaller;
  }>;
  signOut(sessionKey: string): Promise<void>;
  signOutEverywhere(adminId: string): Promise<number>;
  list(adminId: string): Promise<SessionInfo[]>;
  stepUp(caller: SessionCaller, password: string): Promise<Date>;
  enterByBreakGlass(
    code: string,
    address: string,
    userAgent: string,
  ): Promise<{ sessionId: string; expiresAt: Date; caller: SessionCaller }>;
  /** `Set-Cookie` headers: the one that keeps a session, the one that ends it. */
  cookies: { set(sessionId: string): string; clear(): string };
}

export interface TokenInfo {
  id: string;
  name: string;
  scopes: Scope[];
  email: string;
  /** False while its administrator is inactive or gone. */
  isActive: boolean;
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  revokedBy: string | null;
}

export interface TokensPart {
  create(
    owner: SessionCaller,
    input: { name: string; scopes: Scope[]; expiresInDays: number },
  ): Promise<{ token: string; info: TokenInfo }>;
  list(): Promise<TokenInfo[]>;
  revoke(id: string, by: string): Promise<void>;
  issueAccess(caller: SessionCaller): Promise<{ token: string; expiresAt: Date }>;
  signLink(claims: { purpose: 'download'; subject: string; actor: string }, seconds: number): Promise<string>;
}

export type AuditOutcome = 'allowed' | 'denied' | 'failed';

export interface AuditEntry {
  actor: string;
  address: string;
  action: string;
  outcome: AuditOutcome;
  code?: ErrorCode;
  target?: string;
  operationId?: string;
  requestId?: string;
  details?: Record<string, unknown>;
}

export interface AuditRow {
  id: number;
  at: Date;
  actor: string;
  address: string;
  action: string;
  outcome: AuditOutcome;
  code: string | null;
  target: string | null;
  operationId: string | null;
  requestId: string | null;
  details: Record<string, unknown>;
  hash: string;
}

export interface AuditFilter {
  actor?: string;
  action?: string;
  outcome?: AuditOutcome;
  code?: ErrorCode;
  target?: string;
  operationId?: string;
  address?: string;
  /** Part of actor, action, target or address. */
  search?: string;
  from?: Date;
  to?: Date;
  /** Rows with a smaller number only: newest come first. */
  before?: number;
  limit?: number;
}

export interface AuditPart {
  append(entry: AuditEntry): Promise<void>;
  list(filter: AuditFilter): Promise<{ rows: AuditRow[]; next: number | null }>;
  verify(signal: AbortSignal): Promise<{ ok: boolean; rows: number; brokenAt: number | null }>;
}

export interface ThrottlePart {
  /** Throws RATE_LIMITED with `details.retryAfterSeconds`. */
  spend(limit: LimitClass, key: string): Promise<void>;
}

export interface OperationProgress {
  stage: ProgressStage;
  rows: number;
  bytes: number;
  totalBytes: number;
  rowsPerSecond: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
  tables: Record<string, { rows: number; bytes: number }>;
}

export interface OperationView {
  id: string;
  kind: string;
  state: OperationState;
  actor: string;
  origin: string;
  parameters: Record<string, unknown>;
  progress: OperationProgress | null;
  result: Record<string, unknown> | null;
  error: FailureBody['error'] | null;
  archive: string | null;
  revision: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  cancelRequestedAt: Date | null;
}

export type OperationRequest =
  | {
      kind: 'backup';
      tables?: string[];
      compression: 'deflate' | 'zstd';
      level?: number;
      name?: string;
      strict: boolean;
      verify: boolean;
      wait: boolean;
    }
  | { kind: 'verify'; archive: string; wait: boolean }
  | { kind: 'restore'; archive: string; tables?: string[]; wait: boolean };

export interface DeskPart {
  request(
    input: OperationRequest,
    actor: string,
    origin: string,
    idempotencyKey?: string,
  ): Promise<{ operation: OperationView; existing: boolean }>;
  get(id: string): Promise<OperationView>;
  list(filter: {
    kinds?: string[];
    states?: OperationState[];
    limit: number;
    before?: string;
  }): Promise<{ operations: OperationView[]; next: string | null }>;
  cancel(id: string, by: string): Promise<OperationView>;
  watch(id: string, afterRevision: number, signal: AbortSignal): AsyncIterable<OperationView>;
}

export interface UploadView {
  id: string;
  originalName: string;
  state: UploadState;
  type: string | null;
  size: number | null;
  sha256: string | null;
  archive: string | null;
  error: Record<string, unknown> | null;
  actor: string;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface UploadsPart {
  /** Newest first. */
  list(filter: { limit: number; before?: string }): Promise<{ uploads: UploadView[]; next: string | null }>;
  /** NOT_FOUND. */
  get(id: string): Promise<UploadView>;
  /** Verifies a received upload and stores it as a backup, or throws the reason it is refused for. */
  accept(id: string, by: string, signal: AbortSignal): Promise<UploadView>;
  /** Removes what was received; an accepted one's backup stays. */
  remove(id: string, by: string): Promise<void>;
}

export interface ApiParts {
  sessions: SessionsPart;
  tokens: TokensPart;
  audit: AuditPart;
  throttle: ThrottlePart;
  desk: DeskPart;
  uploads: UploadsPart;
  storage: Storage;
  catalogue: Catalogue;
  records: Records;
  /** The protected tables, for `system.status`. */
  tables: readonly ObjectName[];
  backup: { compression: 'deflate' | 'zstd'; level: number | null };
  version: string;
  now: () => Date;
}
