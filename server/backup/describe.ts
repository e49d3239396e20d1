import { maskDatabaseUrl } from '../../db/connect/mask-url.ts';
import { qualifiedName, type SchemaModel } from '../../db/model/model.ts';
import { loadOrder } from '../../db/model/order.ts';
import { FORMAT_VERSION, type Manifest, type ManifestEntry, type ManifestTable } from '../archive/manifest/manifest.ts';
import type { LiveTable } from '../postgres/catalog/catalog.ts';
import type { BackupCoverage } from './coverage.ts';
import type { DatabaseFacts } from './facts.ts';

/** Returns the manifest of what was copied: tables in load order, with rows and bytes summed over their chunks. */
export function describeBackup(
  deps: { application: Manifest['application']; databaseUrl: string; model: SchemaModel },
  input: { createdBy: string },
  made: {
    backupId: string;
    started: Date;
    coverage: BackupCoverage;
    facts: DatabaseFacts;
    sequences: Manifest['sequences'];
    entries: ManifestEntry[];
  },
): Manifest {
  const { coverage, facts, entries } = made;
  const { order, cycles } = loadOrder(facts.tables);
  const rank = new Map(order.map((name, index) => [name, index]));
  const tables = facts.tables
    .toSorted((a, b) => (rank.get(qualifiedName(a)) ?? 0) - (rank.get(qualifiedName(b)) ?? 0))
    .map((table) => {
      const chunks = entries.filter((entry) => entry.table?.schema === table.schema && entry.table.name === table.name);
      const sum = (of: (chunk: (typeof chunks)[number]) => number) =>
        chunks.reduce((total, chunk) => total + of(chunk), 0);
      return { ...definitionOf(table, facts), rows: sum((chunk) => chunk.rows), bytes: sum((chunk) => chunk.size) };
    });
  const reasons = new Map(coverage.described.map((table) => [qualifiedName(table), table.reason]));
  const withoutRows = facts.described.map((table) => ({
    ...definitionOf(table, facts),
    rows: 0,
    bytes: 0,
    reason: reasons.get(qualifiedName(table)) ?? '',
  }));
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
    kind: coverage.kind,
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
    leftOut: coverage.leftOut,
    ...(withoutRows.length > 0 && { withoutRows }),
    unknown: {
      tables: coverage.unknown,
      columns: facts.unknownColumns,
      sequences: undeclared(made.sequences, deps.model),
    },
    losses: coverage.losses,
    warnings: [
      ...facts.warnings,
      ...coverage.warnings,
      ...facts.unknownColumns.map(
        (column) => `${qualifiedName(column)}.${column.column} is not in the schema; it was backed up all the same.`,
      ),
    ],
    entries,
  };
}

function definitionOf(live: LiveTable, { rules }: DatabaseFacts): Omit<ManifestTable, 'rows' | 'bytes'> {
  const { schema, name, key, columns, primaryKey, uniques, foreignKeys: links } = live;
  const own = rules.filter(({ table }) => table.schema === schema && table.name === name);
  return { schema, name, key, columns, primaryKey, uniques, links, rules: own.map(({ table: _, ...rule }) => rule) };
}

/** Returns the types with extensions first, because functions and types may need them. */
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

/** Returns the sequences that the schema does not declare and that belong to none of its tables. */
function undeclared(sequences: Manifest['sequences'], model: SchemaModel): Manifest['unknown']['tables'] {
  const declared = new Set(model.sequences.map(qualifiedName));
  const tables = new Set(model.tables.map(qualifiedName));
  return sequences
    .filter(
      ({ ownedBy, ...name }) => !declared.has(qualifiedName(name)) && !(ownedBy && tables.has(qualifiedName(ownedBy))),
    )
    .map(({ schema, name }) => ({ schema, name }));
}
