import { CASINGS, type Casing, convertName } from '../../db/model/drizzle/casing.ts';
import { type ObjectName, objectKey, qualifiedName, type SchemaModel, type TableModel } from '../../db/model/model.ts';
import { storedName } from '../../db/model/pg-names.ts';
import { pickTables } from '../../db/model/pick.ts';
import { LARGE_OBJECTS, UNKNOWN_TABLE } from '../archive/manifest/losses.ts';
import type { Manifest, ManifestLoss } from '../archive/manifest/manifest.ts';
import { AppError } from '../core/errors.ts';
import type { LiveTable } from '../postgres/catalog/catalog.ts';
import type { Relation } from '../postgres/catalog/inventory.ts';
import { type JudgeFacts, judge, type Verdict } from './judge.ts';

/** Everything a backup takes, and everything it does not, by name and with the reason. */
export interface BackupCoverage {
  kind: 'full' | 'partial';
  tables: TableModel[];
  /** Tables whose definition is kept and whose rows are left out. */
  described: (TableModel & { reason: string })[];
  /** Every sequence whose position is kept, except those of tables that were not chosen. */
  sequences: ObjectName[];
  leftOut: Manifest['leftOut'];
  losses: ManifestLoss[];
  /** Tables of the database that are not in the schema. */
  unknown: ObjectName[];
  warnings: string[];
}

/**
 * Decides what belongs to a backup. Throws SCHEMA_DRIFT when the model has a table the database lacks, or a partition without its table.
 * Throws UNKNOWN_TABLE for a chosen name that the model lacks, or whose rows cannot be backed up.
 */
export function chooseCoverage(
  model: SchemaModel,
  facts: Omit<JudgeFacts, 'declares' | 'filters'>,
  chosen: string[] | undefined,
): BackupCoverage {
  const declared = new Set(model.tables.map(objectKey));
  const filtered = new Set(model.filtered?.map(objectKey));
  const verdicts = judge({
    ...facts,
    declares: (name) => declared.has(objectKey(name)),
    filters: (name) => filtered.has(objectKey(name)),
  });
  const found = new Map<string, { relation: Relation; verdict: Verdict }>();
  for (const [relation, verdict] of verdicts) found.set(objectKey(relation), { relation, verdict });
  const verdictOf = (table: ObjectName) => declaredVerdict(found.get(objectKey(table)), table, facts);

  const picked = chosen ? pickTables(model.tables, chosen, 'The schema') : model.tables;
  const absent = picked.filter((table) => verdictOf(table) === null);
  if (absent.length > 0) throw drift(absent.map((table) => `table ${qualifiedName(table)}`));
  refuseOrphanedPartitions(picked, facts, model);
  if (chosen) refuseWithoutRows(picked, verdictOf);
  const tables = picked.filter((table) => verdictOf(table)?.class === 'protected');
  const unchosen = model.tables.filter((table) => verdictOf(table)?.class === 'protected' && !tables.includes(table));
  const described = chosen
    ? []
    : model.tables.flatMap((table) => {
        const verdict = verdictOf(table);
        return verdict?.class === 'described' ? [{ ...table, reason: verdict.reason }] : [];
      });

  const coverage: BackupCoverage = {
    kind: unchosen.length === 0 ? 'full' : 'partial',
    tables,
    described,
    sequences: [],
    leftOut: [],
    losses: [],
    unknown: [],
    warnings: unusedExclusions(facts),
  };
  const notChosen = new Set(unchosen.map(objectKey));
  const heads = new Map(facts.inventory.relations.map((relation) => [relation.oid, relation]));
  for (const [relation, verdict] of verdicts) add(coverage, relation, verdict, { heads, declared, notChosen });
  addLargeObjects(coverage, facts);
  coverage.leftOut.push(...unchosen.map((table) => ({ ...plain(table), reason: 'not chosen for this backup' })));
  return coverage;
}

export interface TableComparison {
  missing: ObjectName[];
  unknown: ObjectName[];
  /** Exclusions: a table, or its rows alone. */
  leftOut: (ObjectName & { what: 'table' | 'rows'; reason: string })[];
}

/** Returns the tables that schema and database do not both have, and those left out on purpose. */
export function compareTables(
  model: Pick<SchemaModel, 'tables'>,
  facts: Pick<JudgeFacts, 'inventory' | 'exclusions'>,
): TableComparison {
  const declared = new Set(model.tables.map(objectKey));
  const verdicts = judge({ ...facts, extensionRows: new Map(), declares: (name) => declared.has(objectKey(name)) });
  const there = new Map([...verdicts].map(([relation, verdict]) => [objectKey(relation), { relation, verdict }]));
  return {
    missing: model.tables
      .filter((table) => declaredVerdict(there.get(objectKey(table)), table, facts) === null)
      .map(plain),
    unknown: [...verdicts].flatMap(([relation, verdict]) =>
      verdict.class === 'lost' && verdict.kind === 'table' && relation.root === null ? [plain(relation)] : [],
    ),
    leftOut: [...verdicts].flatMap(([relation, verdict]) => {
      if (relation.root !== null || relation.kind === 'sequence' || !('reason' in verdict)) return [];
      const isExcluded = facts.exclusions.some(
        ({ what, matches, reason }) =>
          (what === 'tables' || what === 'rows') && reason === verdict.reason && matches(relation),
      );
      const what = verdict.class === 'described' ? ('rows' as const) : ('table' as const);
      return isExcluded ? [{ ...plain(relation), what, reason: verdict.reason }] : [];
    }),
  };
}

/** Returns null when the database has nothing of that name. A partition is kept with its table, and is never backed up by itself. */
function declaredVerdict(
  found: { relation: Relation; verdict: Verdict } | undefined,
  table: ObjectName,
  { exclusions }: Pick<JudgeFacts, 'exclusions'>,
): Verdict | null {
  if (!found || found.relation.kind === 'sequence') {
    const excluded = exclusions.find(({ what, matches }) => what !== 'sequences' && matches(table));
    return excluded ? { class: 'left out', reason: excluded.reason } : null;
  }
  if (found.relation.root === null || found.verdict.class !== 'protected') return found.verdict;
  return { class: 'left out', reason: 'a partition: its rows are kept with its table' };
}

/**
 * Returns the declared partitions whose table is not declared, each with that table. Such a declaration protects nothing, because the
 * rows of a partition are kept with their whole table.
 */
export function orphanedPartitions(
  tables: TableModel[],
  facts: Pick<JudgeFacts, 'inventory' | 'exclusions'>,
  model: Pick<SchemaModel, 'tables'> = { tables },
): { table: TableModel; head: ObjectName }[] {
  const declared = new Set(model.tables.map(objectKey));
  const verdicts = judge({ ...facts, extensionRows: new Map(), declares: (name) => declared.has(objectKey(name)) });
  const byOid = new Map(facts.inventory.relations.map((relation) => [relation.oid, relation]));
  const lost = new Map(
    [...verdicts].flatMap(([relation, verdict]) => {
      const head = relation.root === null ? undefined : byOid.get(relation.root);
      return head && verdict.class === 'lost' ? [[objectKey(relation), plain(head)] as const] : [];
    }),
  );
  return tables.flatMap((table) => {
    const head = lost.get(objectKey(table));
    return head ? [{ table, head }] : [];
  });
}

/** Throws SCHEMA_DRIFT for a declared partition whose table is not declared. */
export function refuseOrphanedPartitions(
  tables: TableModel[],
  facts: Pick<JudgeFacts, 'inventory' | 'exclusions'>,
  model?: Pick<SchemaModel, 'tables'>,
): void {
  const found = orphanedPartitions(tables, facts, model);
  if (found.length === 0) return;
  const heads = [...new Set(found.map(({ head }) => qualifiedName(head)))];
  throw new AppError(
    'SCHEMA_DRIFT',
    `The schema declares partitions without their table: ${found.map(({ table, head }) => `${qualifiedName(table)} is a partition of ${qualifiedName(head)}`).join('; ')}.`,
    {
      hint: `Rows of a partition are kept with their whole table. Declare ${heads.join(', ')} in the Drizzle schema; partitions need no declaration. Or leave ${heads.length === 1 ? 'it' : 'them'} out on purpose in the file that BACKUP_EXCLUDE names.`,
      details: {
        partitions: found.map(({ table, head }) => ({ table: qualifiedName(table), of: qualifiedName(head) })),
      },
    },
  );
}

function refuseWithoutRows(picked: TableModel[], verdictOf: (table: ObjectName) => Verdict | null): void {
  for (const table of picked) {
    const verdict = verdictOf(table);
    if (verdict === null || !('reason' in verdict)) continue;
    const name = qualifiedName(table);
    if (verdict.class === 'described')
      throw new AppError('UNKNOWN_TABLE', `The rows of ${name} are left out on purpose: ${verdict.reason}.`, {
        hint: 'Leave it out of --tables, or take its line out of the file that BACKUP_EXCLUDE names.',
      });
    throw new AppError('UNKNOWN_TABLE', `${name} cannot be backed up: ${verdict.reason}.`, {
      hint: 'Leave it out of --tables.',
    });
  }
}

function add(
  coverage: BackupCoverage,
  relation: Relation,
  verdict: Verdict,
  known: { heads: Map<number, Relation>; declared: Set<string>; notChosen: Set<string> },
): void {
  const { heads, declared, notChosen } = known;
  const name = plain(relation);
  const isHead = relation.root === null;
  switch (verdict.class) {
    case 'protected': {
      if (relation.kind === 'sequence') {
        const owner = heads.get(relation.owner ?? -1);
        if (!owner || !notChosen.has(objectKey(owner))) coverage.sequences.push(name);
      } else if (isHead && relation.unlogged && !notChosen.has(objectKey(relation)))
        coverage.warnings.push(`${qualifiedName(relation)} is UNLOGGED: a crash of the server empties it.`);
      else if (!isHead && declared.has(objectKey(relation)))
        coverage.leftOut.push({ ...name, reason: 'a partition: its rows are kept with its table' });
      break;
    }
    case 'left out':
      // Objects that belong to a table are implied by it. Foreign partitions are named, because their table may well be in the backup.
      if (relation.owner === null && (isHead || relation.kind === 'foreign table'))
        coverage.leftOut.push({ ...name, reason: verdict.reason });
      break;
    case 'lost':
      if (!isHead) break;
      coverage.losses.push({ ...name, kind: verdict.kind, reason: verdict.reason });
      if (verdict.reason === UNKNOWN_TABLE) coverage.unknown.push(name);
      break;
    default:
  }
}

function addLargeObjects(coverage: BackupCoverage, { inventory, exclusions }: Omit<JudgeFacts, 'declares'>): void {
  const { count, bytes } = inventory.largeObjects;
  if (count === 0) return;
  const excluded = exclusions.find(({ what }) => what === 'large objects');
  const name = { schema: 'pg_catalog', name: 'pg_largeobject' };
  const size = `${count} of them, about ${Math.max(1, Math.round(bytes / 1024))} KiB`;
  if (excluded) coverage.leftOut.push({ ...name, reason: `large objects (${size}): ${excluded.reason}` });
  else
    coverage.losses.push({
      ...name,
      kind: LARGE_OBJECTS,
      reason: `the database holds ${size}, and they are not copied`,
    });
}

/** Returns a warning for each pattern that matches nothing: it is a typing error, or its table is gone. */
function unusedExclusions({ inventory, exclusions }: Omit<JudgeFacts, 'declares'>): string[] {
  return exclusions
    .filter(({ what, matches }) => {
      if (what === LARGE_OBJECTS) return inventory.largeObjects.count === 0;
      return !inventory.relations.some(
        (relation) =>
          (relation.kind === 'sequence') === (what === 'sequences') && relation.root === null && matches(relation),
      );
    })
    .map(({ location, pattern, matches }) => {
      const isPartition = inventory.relations.some((relation) => relation.root !== null && matches(relation));
      return `${location}: \`${pattern}\` fits nothing in this database${isPartition ? ' but a partition, and only a whole table can be left out' : ''}.`;
    });
}

function plain({ schema, name }: ObjectName): ObjectName {
  return { schema, name };
}

/**
 * Compares the model with the locked tables. Throws SCHEMA_DRIFT for a column that the model has and the table lacks. Returns the columns
 * the model does not know: they are backed up like the others, because a restore must bring them back.
 */
export function compareColumns(
  models: TableModel[],
  live: LiveTable[],
): { unknownColumns: (ObjectName & { column: string })[]; warnings: string[] } {
  const byName = new Map(live.map((table) => [qualifiedName(table), table]));
  const lacking: string[] = [];
  const unknownColumns: (ObjectName & { column: string })[] = [];
  const warnings: string[] = [];
  for (const model of models) {
    const table = byName.get(qualifiedName(model));
    if (!table) {
      lacking.push(`table ${qualifiedName(model)}`);
      continue;
    }
    const columns = new Map(table.columns.map((column) => [column.name, column]));
    for (const column of model.columns) {
      const found = columns.get(column.name);
      if (!found) lacking.push(`column ${column.name} of ${qualifiedName(model)}`);
      else if (found.sqlType !== column.sqlType)
        warnings.push(
          `${qualifiedName(model)}.${column.name} is ${found.sqlType} in the database and ${column.sqlType} in the schema; backed up as it is in the database.`,
        );
    }
    const known = new Set(model.columns.map((column) => column.name));
    for (const column of table.columns)
      if (!known.has(column.name)) unknownColumns.push({ schema: table.schema, name: table.name, column: column.name });
  }
  if (lacking.length > 0) throw drift(lacking, fittingCasing(models, byName));
  return { unknownColumns, warnings };
}

/** Returns the casing under which every column exists, `none` for names as they are written, or null when no casing fits. */
function fittingCasing(models: TableModel[], live: Map<string, LiveTable>): Casing | 'none' | null {
  const fits = (casing: Casing | 'none') =>
    models.every((model) => {
      const there = new Set(live.get(qualifiedName(model))?.columns.map((column) => column.name));
      return model.columns.every(({ name, key, namedByKey }) =>
        there.has(namedByKey ? storedName(casing === 'none' ? key : convertName(key, casing)) : name),
      );
    });
  return [...CASINGS, 'none' as const].find(fits) ?? null;
}

function drift(lacking: string[], casing: Casing | 'none' | null = null): AppError {
  return new AppError('SCHEMA_DRIFT', `The schema has what the database lacks: ${lacking.join('; ')}.`, {
    hint:
      casingHint(casing) ??
      'Bring the database up to date with its migrations, or point BACKUP_SCHEMA at the schema this database really has.',
    details: { lacking },
  });
}

function casingHint(casing: Casing | 'none' | null): string | null {
  if (casing === null) return null;
  if (casing === 'none')
    return 'All names fit as the properties are written: leave BACKUP_CASING unset, and casing out of a drizzle.config.ts that BACKUP_SCHEMA names.';
  return `All names fit as drizzle({ casing: '${casing}' }) makes them: set BACKUP_CASING=${casing}.`;
}
