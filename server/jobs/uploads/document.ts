import type { SchemaModel } from '../../../db/model/model.ts';
import { verifyStored } from '../../backup/create.ts';
import { archiveName } from '../../backup/file-name.ts';
import { AppError } from '../../core/errors.ts';
import { JSON_LIMITS, UPLOADED_JSON_LIMITS } from '../../document/document.ts';
import { openJsonDocument, UPLOADED_DOCUMENT_LIMITS } from '../../document/file-kind.ts';
import { acceptJson } from '../../library/accept/accept-document.ts';
import { openFile } from '../../storage/file-source.ts';
import { writeFirstSidecar } from '../../storage/first-sidecar.ts';
import type { Storage } from '../../storage/storage.ts';
import type { AcceptOperation } from './accept.ts';

export interface DocumentDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  application: { name: string; version: string };
  /** Files that anybody may send have narrower limits than those the operator gives. */
  from: 'anybody' | 'operator';
  compression: 'deflate' | 'zstd';
  level: number | null;
  lockGiveUpMs: number;
  now: () => Date;
  newId: () => string;
}

/**
 * Returns a function that makes a stored backup of an uploaded BackupData document. Leftovers of a dead process are
 * swept with its operation.
 */
export function createDocumentAcceptance(deps: DocumentDeps) {
  const { storage, now } = deps;
  return async (
    path: string,
    { actor, label, name }: { actor: string; label: string; name?: string | undefined },
    operation: AcceptOperation,
  ): Promise<{ fileName: string; warnings: string[]; missing: string[] }> => {
    await using source = await openFile(path);
    const document = await openJsonDocument(source, deps.from === 'anybody' ? UPLOADED_DOCUMENT_LIMITS : {});
    if (!document)
      throw new AppError('ARCHIVE_INVALID', `${label} is no BackupData document.`, {
        hint: 'Give the document as the HRMS made it: .json, .json.gz or .zip.',
      });
    const fileName = archiveName(name, now(), operation.id);
    await operation.nameArchive(fileName);
    await using object = await storage.create(fileName);
    const run = { signal: operation.signal, onProgress: operation.report };
    const accepted = await acceptJson(
      deps,
      {
        document,
        limits: deps.from === 'anybody' ? UPLOADED_JSON_LIMITS : JSON_LIMITS,
        label,
        sink: object,
        operationId: operation.id,
        acceptedBy: actor,
        compression: deps.compression,
        ...(deps.level !== null && { level: deps.level }),
      },
      run,
    );
    await object.commit();
    const { digest, warnings, missing } = accepted;
    // Storage that returns other bytes is no fault of the document: it is kept, and can be accepted later.
    await verifyStored(deps, fileName, digest, 'STORAGE_UNAVAILABLE', run);
    const notNoted = await writeFirstSidecar(storage, fileName, { digest, kind: 'uploaded', lastVerified: now() });
    return { fileName, warnings: [...warnings, ...notNoted], missing };
  };
}
