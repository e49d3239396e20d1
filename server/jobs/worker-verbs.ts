import type { SchemaModel } from '../../db/model/model.ts';
import type { BackupResult } from '../backup/create.ts';
import { readExclusions } from '../backup/exclusions.ts';
import type { VerifyReport } from '../backup/verify.ts';
import type { ByteSource } from '../core/bytes.ts';
import { AppError } from '../core/errors.ts';
import { notingDamage } from '../library/mark-checked.ts';
import type { Comparison } from '../restore/compare/compare.ts';
import type { RestoreResult } from '../restore/restore.ts';
import type { Storage } from '../storage/storage.ts';
import type { Operation } from './operations.ts';
import { type OperationRequest, readRequest } from './queue/requests.ts';
import { backUp, compare, restore, type SoundArchive, verify } from './verbs.ts';

/** Runs one kind of operation; its result becomes the record's result. */
export type Verb = (
  operation: Operation,
  asked: { kind: string; parameters: Record<string, unknown>; actor: string },
) => Promise<object>;

/** Verbs by the kind in the record. */
export type Verbs = Readonly<Record<string, Verb>>;

export interface VerbDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  storage: Storage;
  model: SchemaModel;
  application: { name: string; version: string };
  /** The file that lists what is left out on purpose, read again by each backup. */
  excludeFile: string | null;
  /** Connections that copy at once. */
  jobs: number;
  lockTryMs: number;
  lockGiveUpMs: number;
  /** Milliseconds for which a plan keeps the rows it found different; 0 keeps none. */
  planKeepMs: number;
  now: () => Date;
  pause: (ms: number) => Promise<void>;
}

type Asked<Kind extends OperationRequest['kind']> = Extract<OperationRequest, { kind: Kind }>;

/** Creates the worker's verbs: those of the command line, on stored archives. */
export function createVerbs(deps: VerbDeps): Verbs {
  const run: Verb = async (operation, { kind, parameters, actor }) => {
    const request = readRequest({ ...parameters, kind });
    if (request.kind === 'backup') return backUpAsked(deps, operation, request, actor);
    if (request.kind === 'verify') return verifyAsked(deps, operation, request);
    if (request.kind === 'restore') return restoreAsked(deps, operation, request);
    if (request.kind === 'plan') return planAsked(deps, operation, request);
    throw new TypeError(`${request.kind} has a verb of its own`);
  };
  return { backup: run, verify: run, restore: run, plan: run };
}

async function backUpAsked(
  deps: VerbDeps,
  operation: Operation,
  request: Asked<'backup'>,
  actor: string,
): Promise<BackupResult> {
  const { tables, level, compression, strict, verify: readBack, name } = request;
  return await backUp(
    operation,
    { ...deps, exclusions: await readExclusions(deps.excludeFile) },
    {
      ...(tables && { tables }),
      ...(level !== undefined && { level }),
      ...(name !== undefined && { name }),
      compression,
      jobs: deps.jobs,
      strict,
      verify: readBack,
      createdBy: actor,
    },
  );
}

/** Result of a verification, as its record holds it. */
export interface VerifyResult extends SoundArchive {
  fileName: string;
}

/** Most damaged places an error names: an archive can have thousands. */
const NAMED_FAULTS = 50;

async function verifyAsked(
  { storage, now }: VerbDeps,
  operation: Operation,
  { archive: name }: Asked<'verify'>,
): Promise<VerifyResult> {
  await operation.nameArchive(name);
  await using source = await openNoting(storage, name, now);
  const run = { signal: operation.signal, onProgress: operation.report };
  return { fileName: name, ...(await verify({ storage, name, source }, { now, damaged: damaged(name) }, run)) };
}

const damaged =
  (name: string) =>
  ({ faults, ...report }: VerifyReport): AppError =>
    new AppError('ARCHIVE_DAMAGED', `${name} is damaged: ${faults[0]?.message ?? 'it has no manifest'}`, {
      hint: 'Do not restore from it. Use another backup, or copy this one again from where it was made.',
      details: { ...report, places: faults.length, faults: faults.slice(0, NAMED_FAULTS) },
    });

async function restoreAsked(
  deps: VerbDeps,
  operation: Operation,
  { archive: name, tables, keepBrokenRules, planDigest, apply }: Asked<'restore'>,
): Promise<RestoreResult> {
  const { storage, now } = deps;
  await operation.nameArchive(name);
  await using source = await openNoting(storage, name, now);
  const input = {
    ...(tables && { tables }),
    ...(keepBrokenRules && { keepBrokenRules }),
    ...(planDigest && { planDigest }),
    ...(apply && { apply }),
    jobs: deps.jobs,
  };
  return await restore(operation, { storage, name, source }, deps, input);
}

async function planAsked(
  deps: VerbDeps,
  operation: Operation,
  { archive: name, tables, keepBrokenRules }: Asked<'plan'>,
): Promise<Comparison> {
  const { storage, now } = deps;
  await operation.nameArchive(name);
  await using source = await openNoting(storage, name, now);
  const input = {
    ...(tables && { tables }),
    ...(keepBrokenRules && { keepBrokenRules }),
    ...(deps.planKeepMs > 0 && { keepMs: deps.planKeepMs }),
    jobs: deps.jobs,
  };
  return await compare(operation, { storage, name, source }, deps, input);
}

/** Opens a stored archive; damage that prevents opening is recorded like any other. */
function openNoting(storage: Storage, name: string, now: () => Date): Promise<ByteSource> {
  return notingDamage({ storage, name, now }, () => storage.open(name));
}
