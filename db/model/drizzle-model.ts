import { getTableColumns, is } from 'drizzle-orm';
import {
  type ForeignKey,
  getTableConfig,
  type Index,
  IndexedColumn,
  isPgEnum,
  isPgSequence,
  PgColumn,
  PgTable,
} from 'drizzle-orm/pg-core';
import { AppError } from '../../server/core/errors.ts';
import { type Casing, columnName, type NamedColumn } from './drizzle/casing.ts';
import { type ColumnFacts, columnFacts } from './drizzle-column.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  type EnumModel,
  type ForeignKeyModel,
  type ObjectName,
  qualifiedName,
  type ReferentialAction,
  type SchemaModel,
  type SequenceModel,
  type TableModel,
  type UniqueModel,
} from './model.ts';
import { chosenName, storedName } from './pg-names.ts';

/** One export of a schema module. Several modules may export different things under the same name. */
export interface SchemaExport {
  name: string;
  value: unknown;
  options?: ReadOptions;
}

export interface ReadOptions {
  /** The casing given to `drizzle({ casing })`. */
  casing?: Casing | null;
  /** Returns true for tables of the application; absent when all are. */
  isIncluded?: (table: ObjectName) => boolean;
}

/** Returns the model of one module's exports; see `modelFromExports`. */
export function modelFromSchema(module: Record<string, unknown>, options: ReadOptions = {}): SchemaModel {
  return modelFromExports(Object.entries(module).map(([name, value]) => ({ name, value, options })));
}

/**
 * Returns the tables, enums and sequences that Drizzle schema modules export, sorted by name, whatever the order of exports. Views and
 * aliases are no tables; an enum used by a column is included even when it is not exported. Throws MODEL_INVALID when two exports disagree
 * about a table, or two columns, enums or keys share a name.
 */
export function modelFromExports(exports: readonly SchemaExport[]): SchemaModel {
  const tables = new Map<string, TableModel>();
  const enums = new Map<string, EnumModel>();
  const sequences = new Map<string, SequenceModel>();
  const filtered = new Map<string, ObjectName>();

  for (const { name: key, value: exported, options = {} } of inOrder(exports)) {
    const { casing = null, isIncluded = () => true } = options;
    if (isPgEnum(exported)) {
      addEnum(enums, {
        schema: exported.schema ?? 'public',
        name: storedName(exported.enumName),
        labels: [...exported.enumValues],
      });
    } else if (isPgSequence(exported)) {
      addSequence(sequences, {
        schema: exported.schema ?? 'public',
        name: storedName(exported.seqName ?? key),
        ownedBy: null,
      });
    } else if (is(exported, PgTable) && !isAlias(exported)) {
      const { table, columns } = readTable(key, exported, casing);
      const name = qualifiedName(table);
      if (!isIncluded(table)) {
        filtered.set(name, { schema: table.schema, name: table.name });
        continue;
      }
      const duplicate = tables.get(name);
      if (duplicate) {
        refuseConflicting(duplicate, table);
        continue;
      }
      tables.set(name, table);
      for (const facts of columns) {
        if (facts.enum) addEnum(enums, facts.enum);
        if (facts.sequence)
          addSequence(sequences, {
            ...facts.sequence,
            ownedBy: { schema: table.schema, name: table.name, column: facts.column.name },
          });
      }
    }
  }

  const model = {
    tables: withOwnKeys(sortedValues(tables)),
    enums: sortedValues(enums),
    sequences: sortedValues(sequences),
  };
  // A table that another configuration includes is included.
  const excluded = [...filtered].flatMap(([name, table]) => (tables.has(name) ? [] : [table]));
  return { ...model, ...(excluded.length > 0 && { filtered: excluded }), fingerprint: fingerprintOf(model) };
}

/** Sorts exports by name, so that a table's key does not depend on their order; `default` is no name. */
function inOrder(exports: readonly SchemaExport[]): SchemaExport[] {
  const rank = ({ name }: SchemaExport) => (name === 'default' ? `1${name}` : `0${name}`);
  return exports.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** Throws unless both are the same table: one object under two names (an alias, a barrel), or one declared twice with one meaning. */
function refuseConflicting(known: TableModel, found: TableModel): void {
  const meaning = (table: TableModel) => fingerprintOf({ tables: [table], enums: [], sequences: [] });
  if (meaning(known) === meaning(found)) return;
  throw invalid(
    `The table ${qualifiedName(known)} is declared twice, and differently: as "${known.key}" and as "${found.key}".`,
    'Declare each table once; one table may have several names.',
  );
}

/** Gives tables their names in the database as keys where two modules use one key for tables of different schemas. */
function withOwnKeys(tables: TableModel[]): TableModel[] {
  const uses = Map.groupBy(tables, (table) => table.key);
  return tables.map((table) => (uses.get(table.key)?.length === 1 ? table : { ...table, key: qualifiedName(table) }));
}

function readTable(key: string, source: PgTable, casing: Casing | null): { table: TableModel; columns: ColumnFacts[] } {
  const config = configOf(source);
  const self = { schema: config.schema ?? 'public', name: storedName(config.name) };
  const primaryKey = primaryKeyOf(config, casing);
  const columns = Object.entries(getTableColumns(source)).map(([property, column]) =>
    columnFacts(self, property, column, {
      casing,
      primary: primaryKey?.columns.includes(storedName(columnName(column, casing))) ?? false,
    }),
  );
  const uniques = [
    ...config.columns
      .filter((column) => column.isUnique)
      .map(
        (column): UniqueModel => ({
          name: storedName(column.uniqueName ?? `${config.name}_${column.name}_unique`),
          columns: namesOf([column], casing),
          kind: 'constraint',
          nullsNotDistinct: column.uniqueType === 'not distinct',
        }),
      ),
    ...config.uniqueConstraints.map(
      (unique): UniqueModel => ({
        name: storedName(unique.getName() ?? ''),
        columns: namesOf(unique.columns, casing),
        kind: 'constraint',
        nullsNotDistinct: unique.nullsNotDistinct,
      }),
    ),
    ...config.indexes.flatMap((index) => uniqueIndexOf(config.name, index, casing) ?? []),
  ];
  const table: TableModel = {
    ...self,
    key,
    columns: columns.map((facts) => facts.column),
    primaryKey,
    uniques,
    foreignKeys: config.foreignKeys.map((foreignKey) => foreignKeyOf(foreignKey, casing)),
  };
  refuseDuplicateNames(table);
  return { table, columns };
}

type TableConfig = ReturnType<typeof getTableConfig>;

const EXTRA_COLUMNS = Symbol.for('drizzle:ExtraConfigColumns');

/** Returns a table's keys and indexes. Before drizzle-orm 0.31 they used the columns, which our version expects under a symbol. */
function configOf(table: PgTable): TableConfig {
  if (Reflect.get(table, EXTRA_COLUMNS) !== undefined) return getTableConfig(table);
  return getTableConfig(Object.create(table, { [EXTRA_COLUMNS]: { value: getTableColumns(table) } }) as PgTable);
}

function primaryKeyOf(config: TableConfig, casing: Casing | null): TableModel['primaryKey'] {
  const composite = config.primaryKeys[0];
  if (composite) {
    const name = convertInside(composite.getName(), composite.columns, casing);
    return { name: storedName(name), columns: namesOf(composite.columns, casing) };
  }
  const own = config.columns.filter((column) => column.primary);
  // Declared without a name in CREATE TABLE, so PostgreSQL chooses one.
  return own.length === 0
    ? null
    : { name: chosenName(storedName(config.name), null, 'pkey'), columns: namesOf(own, casing) };
}

/** Reads an index that makes whole rows unique, else null: one with an expression or a condition does not identify a row. */
function uniqueIndexOf(table: string, index: Index, casing: Casing | null): UniqueModel | null {
  const { unique, where, name, columns } = index.config;
  const names: string[] = [];
  for (const column of columns) {
    const named = namedColumn(column);
    if (named === null) return null;
    names.push(storedName(columnName(named, casing)));
  }
  if (!unique || where) return null;
  return {
    name: storedName(name ?? `${table}_${names.join('_')}_index`),
    columns: names,
    kind: 'index',
    nullsNotDistinct: false,
  };
}

/** Returns the named column of an index entry. Before drizzle-orm 0.31 an index held its columns themselves. */
function namedColumn(column: unknown): NamedColumn | null {
  if (is(column, IndexedColumn)) return column.name === undefined ? null : { ...column, name: column.name };
  return is(column, PgColumn) ? column : null;
}

function foreignKeyOf(key: ForeignKey, casing: Casing | null): ForeignKeyModel {
  const { columns, foreignTable, foreignColumns } = key.reference();
  const target = configOf(foreignTable);
  return {
    name: storedName(convertInside(key.getName(), [...columns, ...foreignColumns], casing)),
    columns: namesOf(columns, casing),
    target: { schema: target.schema ?? 'public', name: storedName(target.name) },
    targetColumns: namesOf(foreignColumns, casing),
    onUpdate: actionOf(key.onUpdate),
    onDelete: actionOf(key.onDelete),
  };
}

function actionOf(action: ReferentialAction | undefined): ReferentialAction {
  return action ?? 'no action';
}

function namesOf(columns: readonly NamedColumn[], casing: Casing | null): string[] {
  return columns.map((column) => storedName(columnName(column, casing)));
}

/** Converts primary and foreign key names as drizzle-kit does: it replaces the first occurrence of each column's name. */
function convertInside(name: string, columns: readonly NamedColumn[], casing: Casing | null): string {
  return columns.reduce((text, column) => text.replace(column.name, () => columnName(column, casing)), name);
}

/** Returns true for the result of `alias()`, which looks like a table. Drizzle marks it only with this registered symbol. */
function isAlias(table: PgTable): boolean {
  return Reflect.get(table, Symbol.for('drizzle:IsAlias')) === true;
}

function refuseDuplicateNames(table: TableModel): void {
  const kinds: [string, string[]][] = [
    ['columns', table.columns.map((column) => column.name)],
    [
      'keys or unique indexes',
      [...(table.primaryKey ? [table.primaryKey.name] : []), ...table.uniques.map((unique) => unique.name)],
    ],
    ['foreign keys', table.foreignKeys.map((foreignKey) => foreignKey.name)],
  ];
  for (const [kind, names] of kinds) {
    const duplicate = names.find((name, at) => names.indexOf(name) !== at);
    if (duplicate !== undefined)
      throw invalid(
        `The table ${qualifiedName(table)} has two ${kind} named "${duplicate}".`,
        'Names are compared as PostgreSQL stores them, cut to 63 bytes. Rename one.',
      );
  }
}

function addEnum(enums: Map<string, EnumModel>, found: EnumModel): void {
  const name = qualifiedName(found);
  const known = enums.get(name);
  if (known && JSON.stringify(known.labels) !== JSON.stringify(found.labels)) {
    throw invalid(
      `The enum ${name} is declared twice with different labels.`,
      'Declare it once and use it for all columns.',
    );
  }
  enums.set(name, known ?? found);
}

/** Adds a sequence. An owner makes a known sequence owned; among several columns the first by name counts. */
function addSequence(sequences: Map<string, SequenceModel>, found: SequenceModel): void {
  const name = qualifiedName(found);
  const known = sequences.get(name);
  const owners = [known?.ownedBy, found.ownedBy].filter((owner) => owner != null);
  owners.sort((a, b) => (`${qualifiedName(a)}.${a.column}` < `${qualifiedName(b)}.${b.column}` ? -1 : 1));
  sequences.set(name, { ...found, ownedBy: owners[0] ?? null });
}

function sortedValues<T extends ObjectName>(items: Map<string, T>): T[] {
  return [...items.keys()].sort().flatMap((name) => items.get(name) ?? []);
}

function invalid(message: string, hint: string): AppError {
  return new AppError('MODEL_INVALID', message, { hint });
}
