import * as hrms from '../../db/hrms/schema.ts';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import type { SchemaModel } from '../../db/model/model.ts';
import { openArchive } from '../archive/reader.ts';
import type { AppError } from '../core/errors.ts';
import { exportJson } from '../document/export.ts';
import { openJsonDocument } from '../document/file-kind.ts';
import { runOperation } from '../jobs/operations.ts';
import { type AcceptedJson, acceptJson } from '../library/accept/accept-document.ts';
import { bytesSource, createMemoryStorage } from '../storage/memory.ts';

export const HRMS = modelFromSchema(hrms);

const never = () => new AbortController().signal;
const deps = { now: () => new Date(), newId: () => crypto.randomUUID(), pause: (ms: number) => Bun.sleep(ms) };

/** Returns an archive as the text of a document. */
export async function exported(archive: Uint8Array): Promise<string> {
  const pieces = await Array.fromAsync(exportJson(await openArchive(bytesSource(archive)), never()));
  return new TextDecoder().decode(Buffer.concat(pieces));
}

/** Accepts a document as an operation does, and returns the bytes of the archive. */
export async function accepted(
  database: { url: string },
  file: string | Uint8Array,
  model: SchemaModel = HRMS,
): Promise<AcceptedJson & { bytes: Uint8Array }> {
  const document = await openJsonDocument(bytesSource(Buffer.from(file)));
  if (!document) throw new Error('that is no document');
  const storage = createMemoryStorage(deps.now);
  const parts = { ...deps, databaseUrl: database.url };
  return await runOperation(
    parts,
    { kind: 'restore', actor: 'a test', parameters: {}, wait: true },
    never(),
    async (operation) => {
      await using object = await storage.create('accepted.zip');
      const result = await acceptJson(
        { ...parts, model, application: { name: 'Palace Backup', version: '0.0.0' }, lockGiveUpMs: 10_000 },
        {
          document,
          label: 'a test',
          sink: object,
          operationId: operation.id,
          acceptedBy: 'a test',
          compression: 'deflate',
        },
        { signal: operation.signal, onProgress: () => undefined },
      );
      await object.commit();
      await using source = await storage.open('accepted.zip');
      return { ...result, bytes: await source.read(0, source.size) };
    },
  );
}

/** Returns what a document is refused with, and at which place of it; null when it is not. */
export async function refusalOf(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (caught: AppError) => caught,
  );
  return error && { code: error.code, path: error.details?.path, message: error.message };
}

/** Returns a document of these arrays and nothing else. */
export function documentOf(data: Record<string, unknown[]>, metadata: Record<string, unknown> = {}): string {
  return JSON.stringify({ metadata: { version: '1.0.0', ...metadata }, data });
}
