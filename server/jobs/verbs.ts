import type { SchemaModel } from '../../db/model/model.ts';
import { archiveName } from '../backup/archive-name.ts';
import { type BackupResult, createBackup } from '../backup/create.ts';
import { readExclusions } from '../backup/exclusions.ts';
import { type VerifyReport, verifyArchive } from '../backup/verify.ts';
import { AppError, saidOutside } from '../core/errors.ts';
import { markVerified, notingDamage } from '../library/mark-checked.ts';
import { type RestoreResult, restoreArchive } from '../restore/restore.ts';
import type { Storage } from '../storage/storage.ts';
import type { Operation } from './operations.ts';
import { type OperationRequest, readRequest } from './queue/requests.ts';

/** Does one kind of operation; what it resolves with becomes the record's result. */
export type Verb = (
  operation: Operation,
  asked: { kind: string; parameters: Record<string, unknown>; actor: string },
) => Promise<object>;

/** By the kind in the record. */
export type Verbs = Readonly<Record<string, Verb>>;

export interface VerbDeps {
  /** Past any pooler. */
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  application: { name: string; version: string };
  /** The file that says what is left out on purpose, read anew by each backup. */
  excludeFile: string | null;
  /** Connections that copy at once. */
  jobs: number;
  lockTryMs: number;
  lockGiveUpMs: number;
  now: () => Date;
  pause: (ms: number) => Promise<void>;
}

type Asked<Kind extends OperationRequest['kind']> = Extract<OperationRequest, { kind: Kind }>;

/** What a worker can do: the verbs of the command line, on stored archives. */
export function createVerbs(deps: VerbDeps): Verbs {
  const run: Verb = async (operation, { kind, parameters, actor }) => {
    const request = readRequest({ ...parameters, kind });
    if (request.kind === 'backup') return backUp(deps, operation, request, actor);
    if (request.kind === 'verify') return verify(deps, operation, request);
    if (request.kind === 'restore') return restore(deps, operation, request);
    throw new TypeError(`${request.kind} has a verb of its own`);
  };
  return { backup: run, verify: run, restore: run };
}

async function backUp(
  deps: VerbDeps,
  operation: Operation,
  request: Asked<'backup'>,
  actor: string,
): Promise<BackupResult> {
  const { tables, level, compression, strict, verify: readBack } = request;
  const name = archiveName(request.name, deps.now(), operation.id);
  await operation.nameArchive(name);
  return createBackup(
    // One id for the archive and the record of its making.
    { ...deps, newId: () => operation.id, exclusions: await readExclusions(deps.excludeFile) },
    {
      ...(tables && { tables }),
      ...(level !== undefined && { level }),
      compression,
      jobs: deps.jobs,
      strict,
      verify: readBack,
      name,
      createdBy: actor,
    },
    { signal: operation.signal, onProgress: operation.report },
  );
}

/** What a verification leaves in its record. */
export interface VerifyResult extends Omit<VerifyReport, 'faults'> {
  fileName: string;
  durationMs: number;
  warnings: string[];
}

/** How many damaged places an error names: an archive can have thousands. */
const NAMED_FAULTS = 50;

async function verify(deps: VerbDeps, operation: Operation, request: Asked<'verify'>): Promise<VerifyResult> {
  const { storage, now } = deps;
  const started = now();
  const name = request.archive;
  await operation.nameArchive(name);
  const report = await notingDamage({ storage, name, now }, async () => {
    await using source = await storage.open(name);
    return soundOf(name, await verifyArchive(source, { signal: operation.signal, onProgress: operation.report }));
  });
  const durationMs = now().getTime() - started.getTime();
  const warnings = await note(deps, name, report.digest);
  return { fileName: name, ...report, durationMs, warnings };
}

/** Throws ARCHIVE_DAMAGED for what was not found sound. */
function soundOf(name: string, { faults, ...report }: VerifyReport) {
  if (report.ok && report.digest !== null) return { ...report, digest: report.digest };
  throw new AppError('ARCHIVE_DAMAGED', `${name} is damaged: ${faults[0]?.message ?? 'it has no manifest'}`, {
    hint: 'Do not restore from it. Use another backup, or copy this one again from where it was made.',
    details: { ...report, places: faults.length, faults: faults.slice(0, NAMED_FAULTS) },
  });
}

/** The archive was found sound: a note that cannot be written does not change that. */
async function note({ storage, now }: VerbDeps, name: string, digest: string): Promise<string[]> {
  try {
    if (await markVerified(storage, name, digest, now())) return [];
    return [`${name} is sound, but its digest is not that of the archive that was stored under this name.`];
  } catch (error) {
    return [
      `That it was verified could not be noted: ${error instanceof AppError ? saidOutside(error).message : 'the notes cannot be written'}`,
    ];
  }
}

async function restore(deps: VerbDeps, operation: Operation, request: Asked<'restore'>): Promise<RestoreResult> {
  const { archive, tables, keepBrokenRules } = request;
  await operation.nameArchive(archive);
  return await notingDamage({ ...deps, name: archive }, async () => {
    await using source = await deps.storage.open(archive);
    return await restoreArchive(
      { ...deps, source, receipt: operation.receipt },
      { ...(tables && { tables }), ...(keepBrokenRules && { keepBrokenRules }), jobs: deps.jobs },
      { signal: operation.signal, onProgress: operation.report },
    );
  });
}
