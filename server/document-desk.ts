import type { SchemaModel } from '../db/model.ts';
import type { FileParts } from './api/file-parts.ts';
import { APPLICATION } from './application.ts';
import { openJsonDocument } from './archive/json-source.ts';
import { acceptJson } from './backup/accept-json.ts';
import { archiveName } from './backup/archive-name.ts';
import { readBack } from './backup/create.ts';
import type { Config } from './config.ts';
import { AppError } from './errors.ts';
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
 * cancelled, and what it leaves when the process dies is swept.
 */
export function createDocumentDesk(deps: DocumentDeskDeps): NonNullable<FileParts['acceptJson']> {
  const { config, storage, now } = deps;
  return async (path, { actor, label }, signal) => {
    await using source = await openFile(path);
    const document = await openJsonDocument(source);
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
  };
}

/** The document is not to blame: it is kept, and can be accepted later. */
function storageLies(cause: AppError): AppError {
  return new AppError('STORAGE_UNAVAILABLE', cause.message, { cause, ...(cause.hint && { hint: cause.hint }) });
}
