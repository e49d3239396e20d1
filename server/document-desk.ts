import type { SchemaModel } from '../db/model.ts';
import type { FileParts } from './api/file-parts.ts';
import { APPLICATION } from './application.ts';
import { UPLOADED_JSON_LIMITS } from './archive/json-document.ts';
import { openJsonDocument, UPLOADED_DOCUMENT_LIMITS } from './archive/json-source.ts';
import { acceptJson } from './backup/accept-json.ts';
import { archiveName } from './backup/archive-name.ts';
import { readBack } from './backup/create.ts';
import type { Config } from './config.ts';
import { AppError, throwIfCancelled } from './errors.ts';
import { runOperation } from './jobs/operations.ts';
import { openFile } from './storage/file-source.ts';
import type { Storage } from './storage/storage.ts';

export interface DocumentDeskDeps {
  /** Past any pooler. */
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  config: Config;
  now: () => Date;
  newId: () => string;
}

/**
 * Makes stored backups of BackupData documents that were uploaded, each as an operation of its own: it is in the records, can be
 * cancelled, and what it leaves when the process dies is swept. One at a time: each takes memory, and connections that operations need.
 */
export function createDocumentDesk(deps: DocumentDeskDeps): NonNullable<FileParts['acceptJson']> {
  const { config, storage, now } = deps;
  const inLine = oneAtATime();
  return (path, from, signal) => inLine(signal, () => accept(path, from, signal));

  async function accept(path: string, { actor, label }: { actor: string; label: string }, signal: AbortSignal) {
    await using source = await openFile(path);
    const document = await openJsonDocument(source, UPLOADED_DOCUMENT_LIMITS);
    if (!document) throw new AppError('ARCHIVE_INVALID', `${label} is no BackupData document.`);
    return await runOperation(
      { ...deps, pause: (ms) => Bun.sleep(ms) },
      { kind: 'upload', actor, parameters: { file: label, document: document.kind }, wait: true },
      signal,
      async (operation) => {
        const fileName = archiveName(undefined, now(), operation.id);
        await operation.nameArchive(fileName);
        await using object = await storage.create(fileName);
        const accepted = await acceptJson(
          { ...deps, application: APPLICATION, lockGiveUpMs: config.lockGiveUpMs },
          {
            document,
            limits: UPLOADED_JSON_LIMITS,
            label,
            sink: object,
            operationId: operation.id,
            acceptedBy: actor,
            compression: config.backupCompression,
            ...(config.backupLevel !== null && { level: config.backupLevel }),
          },
          { signal: operation.signal, onProgress: operation.report },
        );
        await object.commit();
        const { digest, warnings, missing } = accepted;
        await readBack(deps, fileName, digest, { signal: operation.signal, onProgress: operation.report }).catch(
          (error: unknown) => {
            throw error instanceof AppError && error.code === 'ARCHIVE_DAMAGED' ? storageLies(error) : error;
          },
        );
        await storage
          .writeSidecar(fileName, {
            digest,
            kind: 'uploaded',
            pinned: false,
            note: null,
            lastVerified: now().toISOString(),
            lastProved: null,
          })
          .catch(() => undefined);
        return { fileName, warnings, missing };
      },
    );
  }
}

/** The document is not to blame: it is kept, and can be accepted later. */
function storageLies(cause: AppError): AppError {
  return new AppError('STORAGE_UNAVAILABLE', cause.message, { cause, ...(cause.hint && { hint: cause.hint }) });
}

/** Work in the order it was asked for. One whose signal aborts while it waits rejects with CANCELLED at once. */
function oneAtATime() {
  let last: Promise<void> = Promise.resolve();
  return async <Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    const before = last;
    const mine = Promise.withResolvers<void>();
    last = before.then(() => mine.promise);
    const given = Promise.withResolvers<void>();
    const giveUp = () => given.resolve();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.race([before, given.promise]);
      throwIfCancelled(signal, 'Accepting the document');
      return await work();
    } finally {
      signal.removeEventListener('abort', giveUp);
      mine.resolve();
    }
  };
}
