import { APPLICATION } from '../../../server/core/application.ts';
import type { ByteSource } from '../../../server/core/bytes.ts';
import type { OnProgress } from '../../../server/core/progress.ts';
import { type Operation, runOperation } from '../../../server/jobs/operations.ts';
import type { ReadArchive, restore, VerbOptions } from '../../../server/jobs/verbs.ts';
import { type AcceptedJson, acceptJson } from '../../../server/library/accept/accept-document.ts';
import type { AdministratorChanges } from '../../../server/library/administrators/administrators-from-elsewhere.ts';
import type { Config } from '../../../server/process/config.ts';
import { composeSchema } from '../../../server/process/schema.ts';
import { createScratch } from '../../../server/storage/scratch.ts';
import type { Storage } from '../../../server/storage/storage.ts';
import type { ChosenBackup } from '../chosen.ts';
import { both, operationDeps } from '../compose.ts';
import { namedAdministrators } from './administrators.ts';

/** A restore, or the comparison that shows what it would do: both take the same archive, connections and tables. */
type Verb<Result> = (
  operation: Operation,
  archive: ReadArchive,
  deps: Parameters<typeof restore>[2],
  input: Parameters<typeof restore>[3] & { keepMs?: number },
  run: Pick<VerbOptions, 'onProgress'>,
) => Promise<Result & { warnings: string[] }>;

/** The work on a chosen backup, and what the operation's record says of it. */
export interface VerbWork {
  databaseUrl: string;
  config: Config;
  storage: Storage;
  chosen: ChosenBackup;
  /** Digest of a chosen archive; null for a document. */
  digest: string | null;
  /** `keepMs` means something to a plan only. */
  input: Parameters<typeof restore>[3] & { keepMs?: number };
  actor: string;
  wait: number | boolean;
  /** Changes to the administrators by a chosen archive. */
  administrators: AdministratorChanges;
  /** Looks at the archive made of a document before anything touches live, and throws unless it may go on. */
  onConverted(opens: Pick<Storage, 'open'>, signal: AbortSignal): Promise<AdministratorChanges>;
  note(line: string): void;
  onProgress: OnProgress;
}

/**
 * Runs a verb on a chosen backup under an operation. A document is converted into an archive first, so that its rows are checked and loaded
 * like any others. Throws what the conversion and the verb throw.
 */
export async function runVerb<Result extends object>(
  kind: 'restore' | 'plan',
  verb: Verb<Result>,
  work: VerbWork,
  signal: AbortSignal,
): Promise<Result & { warnings: string[] }> {
  const { databaseUrl, config, storage, chosen, digest, input, actor, wait, administrators } = work;
  const operations = operationDeps(databaseUrl, work.note);
  const { now, pause } = operations;
  const deps = { databaseUrl, now, pause, lockTryMs: config.lockTimeoutMs, lockGiveUpMs: config.lockGiveUpMs };
  return await runOperation(
    operations,
    {
      kind,
      actor,
      parameters: {
        ...input,
        archive: chosen.label,
        ...(chosen.document ? { document: chosen.document.kind } : { digest }),
        ...(administrators.changes.length > 0 && { administrators: namedAdministrators(administrators) }),
      },
      wait,
    },
    signal,
    async (operation) => {
      if (chosen.storedName !== null) await operation.nameArchive(chosen.storedName);
      const run = { signal: operation.signal, onProgress: both(work.onProgress, operation.report) };
      const from = (source: ByteSource, name: string | null) =>
        verb(operation, { storage, name, source }, deps, input, run);
      if (!chosen.document) return await from(chosen.source, chosen.storedName);

      await using scratch = createScratch(config.backupDir, storage);
      await using object = await scratch.create(SCRATCH_NAME);
      const { model } = await composeSchema(config, operation.signal);
      const accepted = await acceptJson(
        {
          databaseUrl,
          now,
          newId: operations.newId,
          model,
          application: APPLICATION,
          lockGiveUpMs: config.lockGiveUpMs,
          begin: operation.receipt.begin,
        },
        {
          document: chosen.document,
          label: chosen.label,
          sink: object,
          operationId: operation.id,
          acceptedBy: actor,
          ...packing(config),
        },
        run,
      );
      await object.commit();
      const found = await work.onConverted(scratch, operation.signal);
      if (found.changes.length > 0) await operation.addParameters({ administrators: namedAdministrators(found) });
      await using source = await scratch.open(SCRATCH_NAME);
      const done = await from(source, null);
      return { ...done, warnings: [...warningsOf(accepted, kind, chosen.label), ...done.warnings] };
    },
  );
}

/** Returns what converting the document warned of; a plan accepts nothing. */
function warningsOf({ warnings, provenance }: AcceptedJson, kind: 'restore' | 'plan', label: string): string[] {
  if (kind === 'restore') return warnings;
  return [
    `${label} is a BackupData document: its rows have no checksum of their own.`,
    ...warnings.filter((warning) => warning !== provenance),
  ];
}

const SCRATCH_NAME = 'accepted.zip';

/** Returns the fastest compression: the archive lives for minutes. */
function packing(config: Config): { compression: 'deflate' | 'zstd'; level?: number } {
  return { compression: config.backupCompression, level: 1 };
}
