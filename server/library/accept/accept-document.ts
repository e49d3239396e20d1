import type { Session } from '../../../db/connect/session.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { qualifiedName, type SchemaModel } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { createArchiveWriter } from '../../archive/writer.ts';
import { copyParts } from '../../backup/copy.ts';
import { addTexts } from '../../backup/create.ts';
import { describeBackup } from '../../backup/describe.ts';
import type { ByteSink } from '../../core/bytes.ts';
import { AppError, cancelled, throwIfCancelled, withLeft } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import type { JsonLimits } from '../../document/document.ts';
import type { JsonDocument } from '../../document/file-kind.ts';
import type { LiveTable } from '../../postgres/catalog/catalog.ts';
import { readServer } from '../../postgres/catalog/identity.ts';
import { readPrerequisites } from '../../postgres/catalog/prerequisites.ts';
import { readRules } from '../../postgres/catalog/rules.ts';
import { readTypes } from '../../postgres/catalog/types.ts';
import { planParts } from '../../postgres/copy-parts.ts';
import { probeEventTriggers } from '../../postgres/rewrite/probe.ts';
import { findSequences } from '../../postgres/rewrite/set-sequences.ts';
import { cleanUp } from '../../postgres/staging/drop-staging.ts';
import { createStaging, stagingSchema } from '../../postgres/staging/staging.ts';
import { documentFacts } from './document-facts.ts';
import { sequencesFor } from './document-sequences.ts';
import { readTableMappings, type TableMapping, trimmed } from './document-tables.ts';
import { type LoadedJson, loadJson } from './load-document.ts';

export interface AcceptJsonDeps {
  /**
   * Address of a database with the tables of the document, whose types determine the values. No live table is read or
   * changed.
   */
  databaseUrl: string;
  model: SchemaModel;
  now: () => Date;
  newId: () => string;
  application: Manifest['application'];
  /** Milliseconds to wait for a locked table. */
  lockGiveUpMs: number;
  /** Called before anything is made in the database, once no reason for a refusal is known. */
  begin?: () => Promise<void>;
}

export interface AcceptJsonInput {
  document: JsonDocument;
  /** Limits of its rows; absent: those of a file that the operator gives. */
  limits?: JsonLimits;
  /** The file's name, for people. */
  label: string;
  /** Destination of the archive. The caller commits it, or discards it when the call rejects. */
  sink: ByteSink;
  /** The running operation this is part of. Its staging schema is used, and swept should this process die. */
  operationId: string;
  acceptedBy: string;
  compression: 'deflate' | 'zstd';
  level?: number;
}

export interface AcceptedJson {
  manifest: Manifest;
  digest: string;
  size: number;
  /** BackupData keys that the document lacks; their tables are not in the archive. */
  missing: string[];
  /** The warning that says where the archive is from, which concerns nobody when it is thrown away unrestored. */
  provenance: string;
  /** Includes the provenance. */
  warnings: string[];
}

/**
 * Converts a BackupData document to an archive of kind `uploaded`, so that all later steps are the same. Loads it first
 * into private tables with the column types of live, and always removes them. Rejects with ARCHIVE_INVALID and the path
 * of the fault, ARCHIVE_LIMIT, ARCHIVE_DAMAGED, SCHEMA_DRIFT when the database lacks tables of the schema, or a
 * database error.
 */
export async function acceptJson(
  deps: AcceptJsonDeps,
  input: AcceptJsonInput,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<AcceptedJson> {
  // Named as a restore's sessions are: the sweeper ends the sessions of a dead operation.
  const name = `palace-backup restore ${input.operationId}`;
  const schema = stagingSchema(input.operationId);
  await using session = await openWorkingSession(deps.databaseUrl, { applicationName: name, signal: run.signal });
  const mappings = await readTableMappings(session, deps, schema);
  const clearUp = async () => {
    await session.close();
    return cleanUp(deps.databaseUrl, name, schema);
  };
  try {
    const live = mappings.map((mapping) => mapping.live);
    const drawn = await findSequences(
      session,
      [],
      live.map(({ oid }) => oid),
    );
    await probeEventTriggers(session, schema, live, drawn);
    await deps.begin?.();
    await createStaging(
      session,
      schema,
      mappings.map((mapping) => mapping.staging),
    );
    const loaded = await loadJson(input.document, mappings, session, {
      ...run,
      ...(input.limits && { limits: input.limits }),
    });
    const accepted = await writeArchive(deps, input, run, {
      session,
      version: session.serverVersion,
      mappings,
      loaded,
    });
    const left = await clearUp();
    return { ...accepted, warnings: [...accepted.warnings, ...(left === null ? [] : [left])] };
  } catch (error) {
    const left = await clearUp();
    if (run.signal.aborted) throw cancelled('Accepting the document', left);
    throw left !== null && error instanceof AppError ? withLeft(error, left) : error;
  }
}

async function writeArchive(
  deps: AcceptJsonDeps,
  input: AcceptJsonInput,
  run: { signal: AbortSignal; onProgress: OnProgress },
  made: { session: Session; version: number; mappings: TableMapping[]; loaded: LoadedJson },
): Promise<AcceptedJson> {
  const { session, version, mappings, loaded } = made;
  const held = mappings.filter((mapping) => loaded.tables.has(mapping.json));
  const facts = documentFacts(loaded, deps.now(), deps.newId());
  const writer = createArchiveWriter({
    sink: input.sink,
    compression: { method: input.compression, ...(input.level !== undefined && { level: input.level }) },
    time: facts.time,
    signal: run.signal,
  });
  const tables = held.map((mapping) => trimmed(mapping, loaded, held));
  const staged: LiveTable[] = [];
  for (const [index, table] of tables.entries()) staged.push(await inStaging(session, table, held[index]));
  const snapshot = {
    leader: session,
    join: async () => null,
    openOutside: () =>
      openWorkingSession(deps.databaseUrl, { applicationName: 'palace-backup accept look', signal: run.signal }),
  };
  await copyParts(planParts(staged, 'UTF8'), snapshot, writer, {
    connections: 1,
    signal: run.signal,
    onProgress: run.onProgress,
  });
  run.onProgress({ stage: 'finish', rows: 0, bytes: 0, totalBytes: 0 });

  const oids = tables.map((table) => table.oid);
  const prerequisites = await readPrerequisites(session, oids);
  const { sequences, silent } = await sequencesFor(session, oids, held, facts.sequences);
  const missing = mappings.filter((mapping) => !held.includes(mapping));
  const provenance = `Accepted from ${input.label.slice(0, 500)} by ${input.acceptedBy} at ${deps.now().toISOString()}; its rows have no checksum of their own.`;
  const warnings = [
    provenance,
    ...facts.warnings,
    ...missing.map(
      ({ json, live }) =>
        `data.${json.key} is missing: ${qualifiedName(live)} is not in this backup, and a restore leaves it as it is.`,
    ),
    ...held.flatMap((mapping) => lackingColumns(mapping, loaded)),
    ...silent.map(
      (sequence) =>
        `The document does not say where the sequence ${qualifiedName(sequence)} stands; a restore leaves it there.`,
    ),
  ];
  const described = describeBackup(
    deps,
    { createdBy: facts.createdBy },
    {
      backupId: facts.backupId,
      started: facts.time,
      coverage: {
        kind: 'full',
        tables,
        leftOut: missing.map(({ live }) => ({ schema: live.schema, name: live.name, reason: 'not in the document' })),
        described: [],
        sequences: [],
        losses: [],
        unknown: [],
        warnings: [],
      },
      facts: {
        tables,
        described: [],
        oids,
        types: await readTypes(session, oids, prerequisites.typeOids),
        prerequisites,
        rules: await readRules(session, oids),
        server: await readServer(session, version),
        heapBytes: 0,
        unknownColumns: [],
        warnings,
        stops: [],
      },
      sequences,
      entries: writer.entries,
    },
  );
  const manifest: Manifest = {
    ...described,
    kind: 'uploaded',
    metadata: { ...described.metadata, version: facts.version, databaseUrl: facts.databaseUrl },
  };
  await addTexts(writer, manifest);
  const complete = { ...manifest, entries: writer.entries };
  const { digest, size } = await writer.finish(complete);
  throwIfCancelled(run.signal, 'Accepting the document');
  return { manifest: complete, digest, size, missing: missing.map(({ json }) => json.key), provenance, warnings };
}

/** Returns the same table with its rows in staging. */
async function inStaging(session: Session, table: LiveTable, mapping: TableMapping | undefined): Promise<LiveTable> {
  if (!mapping) throw new TypeError('a table without a place');
  const { schema, name } = mapping.staging;
  const [row] = await session.query<{ bytes: number }>(
    'SELECT pg_catalog.pg_relation_size($1::regclass)::float8 AS bytes',
    [quoteName(mapping.staging)],
  );
  return { ...table, leaves: [{ schema, name, oid: 0, foreign: false, bytes: row?.bytes ?? 0, heap: true }] };
}

function lackingColumns({ live, json }: TableMapping, loaded: LoadedJson): string[] {
  const there = loaded.tables.get(json)?.columns ?? [];
  return json.columns
    .filter((column) => !there.includes(column))
    .map(
      (column) =>
        `data.${json.key} has no ${column.key}: a restore gives ${qualifiedName(live)} its default there, or NULL.`,
    );
}
