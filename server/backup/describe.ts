import { qualifiedName, type SchemaModel } from '../../db/model.ts';
import { loadOrder } from '../../db/order.ts';
import { FORMAT_VERSION, type Manifest, type ManifestEntry } from '../archive/manifest.ts';
import { maskDatabaseUrl } from '../mask-url.ts';
import type { DatabaseFacts } from './facts.ts';
import type { BackupScope } from './scope.ts';

/** The manifest of what was copied: tables in load order, rows and bytes as the sums of their chunks. */
export function describeBackup(
  deps: { application: Manifest['application']; databaseUrl: string; model: SchemaModel },
  input: { createdBy: string },
  made: {
    backupId: string;
    started: Date;
    scope: BackupScope;
    facts: DatabaseFacts;
    sequences: Manifest['sequences'];
    entries: ManifestEntry[];
  },
): Manifest {
  const { scope, facts, entries } = made;
  const { order, cycles } = loadOrder(facts.tables);
  const rank = new Map(order.map((name, place) => [name, place]));
  const tables = facts.tables
    .toSorted((a, b) => (rank.get(qualifiedName(a)) ?? 0) - (rank.get(qualifiedName(b)) ?? 0))
    .map(({ schema, name, key, columns, primaryKey, uniques, links }) => {
      const chunks = entries.filter((entry) => entry.table?.schema === schema && entry.table.name === name);
      const sum = (of: (chunk: (typeof chunks)[number]) => number) =>
        chunks.reduce((total, chunk) => total + of(chunk), 0);
      return {
        schema,
        name,
        key,
        columns,
        primaryKey,
        uniques,
        links,
        rules: facts.rules
          .filter(({ table }) => table.schema === schema && table.name === name)
          .map(({ table: _, ...rule }) => rule),
        rows: sum((chunk) => chunk.rows),
        bytes: sum((chunk) => chunk.size),
      };
    });
  return {
    formatVersion: FORMAT_VERSION,
    metadata: {
      version: deps.application.version,
      timestamp: made.started.toISOString(),
      databaseUrl: maskDatabaseUrl(deps.databaseUrl),
      totalRecords: tables.reduce((sum, table) => sum + table.rows, 0),
      backupId: made.backupId,
      createdBy: input.createdBy,
    },
    kind: scope.kind,
    application: deps.application,
    server: facts.server,
    schemaFingerprint: deps.model.fingerprint,
    ...facts.types,
    types: allTypes(facts),
    functions: facts.prerequisites.functions,
    required: facts.prerequisites.required,
    tables,
    cycles,
    sequences: made.sequences,
    leftOut: scope.leftOut,
    unknown: { tables: scope.unknown, columns: facts.unknownColumns },
    warnings: [
      ...facts.warnings,
      ...scope.unknown.map(
        (table) => `${qualifiedName(table)} is in the database but not in the schema: it is NOT in this backup.`,
      ),
      ...facts.unknownColumns.map(
        (column) => `${qualifiedName(column)}.${column.column} is not in the schema; it was backed up all the same.`,
      ),
    ],
    entries,
  };
}

/** Extensions come first, because functions and types may need them. */
function allTypes({ types: { types }, prerequisites }: DatabaseFacts): Manifest['types'] {
  const known = new Map(types.filter((type) => type.kind === 'extension').map((type) => [type.name, type]));
  const extensions = prerequisites.extensions.map((extension) => ({
    kind: 'extension' as const,
    ...known.get(extension.name),
    ...extension,
  }));
  const named = new Set(extensions.map(({ name }) => name));
  return [...extensions, ...types.filter((type) => !(type.kind === 'extension' && named.has(type.name)))];
}
