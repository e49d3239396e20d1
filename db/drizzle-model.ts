import { getTableColumns, is } from 'drizzle-orm';
import {
  type ForeignKey,
  getTableConfig,
  type Index,
  IndexedColumn,
  isPgEnum,
  isPgSequence,
  PgTable,
} from 'drizzle-orm/pg-core';
import { AppError } from '../server/errors.ts';
import { type ColumnFacts, columnFacts } from './drizzle-column.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  type EnumModel,
  type LinkModel,
  type ObjectName,
  qualifiedName,
  type ReferentialAction,
  type SchemaModel,
  type SequenceModel,
  type TableModel,
  type UniqueModel,
} from './model.ts';
import { chosenName, storedName } from './pg-names.ts';

/**
 * The model of the tables, enums and sequences a Drizzle schema module exports, sorted by name, so that the order of
 * exports does not matter. Names are as PostgreSQL stores them. Views and aliases are not tables; an enum used by a
 * column belongs to the model even when it is not exported. A `casing` option given to `drizzle()` cannot be seen here.
 * Throws MODEL_INVALID when two exports are the same table, or two columns, enums or keys share a name.
 */
export function modelFromSchema(module: Record<string, unknown>): SchemaModel {
  const tables = new Map<string, TableModel>();
  const enums = new Map<string, EnumModel>();
  const sequences = new Map<string, SequenceModel>();

  for (const key of Object.keys(module).sort()) {
    const exported = module[key];
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
      const { table, columns } = readTable(key, exported);
      const name = qualifiedName(table);
      const twin = tables.get(name);
      if (twin)
        throw invalid(
          `The table ${name} is exported twice, as "${twin.key}" and as "${key}".`,
          'Export each table once, under one name.',
        );
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

  const model = { tables: sortedValues(tables), enums: sortedValues(enums), sequences: sortedValues(sequences) };
  return { ...model, fingerprint: fingerprintOf(model) };
}

function readTable(key: string, source: PgTable): { table: TableModel; columns: ColumnFacts[] } {
  const config = getTableConfig(source);
  const self = { schema: config.schema ?? 'public', name: storedName(config.name) };
  const primaryKey = primaryKeyOf(config);
  const columns = Object.entries(getTableColumns(source)).map(([property, column]) =>
    columnFacts(self, property, column, primaryKey?.columns.includes(storedName(column.name)) ?? false),
  );
  const uniques = [
    ...config.columns
      .filter((column) => column.isUnique)
      .map(
        (column): UniqueModel => ({
          name: storedName(column.uniqueName ?? `${config.name}_${column.name}_unique`),
          columns: [storedName(column.name)],
          kind: 'constraint',
          nullsNotDistinct: column.uniqueType === 'not distinct',
        }),
      ),
    ...config.uniqueConstraints.map(
      (unique): UniqueModel => ({
        name: storedName(unique.getName() ?? ''),
        columns: namesOf(unique.columns),
        kind: 'constraint',
        nullsNotDistinct: unique.nullsNotDistinct,
      }),
    ),
    ...config.indexes.flatMap((index) => uniqueIndexOf(config.name, index) ?? []),
  ];
  const table: TableModel = {
    ...self,
    key,
    columns: columns.map((facts) => facts.column),
    primaryKey,
    uniques,
    links: config.foreignKeys.map(linkOf),
  };
  refuseTwins(table);
  return { table, columns };
}

function primaryKeyOf(config: ReturnType<typeof getTableConfig>): TableModel['primaryKey'] {
  const composite = config.primaryKeys[0];
  if (composite) return { name: storedName(composite.getName()), columns: namesOf(composite.columns) };
  const own = config.columns.filter((column) => column.primary);
  // written without a name in CREATE TABLE, so PostgreSQL chooses
  return own.length === 0 ? null : { name: chosenName(storedName(config.name), null, 'pkey'), columns: namesOf(own) };
}

/** Only what makes whole rows unique: an expression or a condition does not identify a row. */
function uniqueIndexOf(table: string, index: Index): UniqueModel | null {
  const { unique, where, name, columns } = index.config;
  const names: string[] = [];
  for (const column of columns) {
    if (!is(column, IndexedColumn) || column.name === undefined) return null;
    names.push(storedName(column.name));
  }
  if (!unique || where) return null;
  return {
    name: storedName(name ?? `${table}_${names.join('_')}_index`),
    columns: names,
    kind: 'index',
    nullsNotDistinct: false,
  };
}

function linkOf(key: ForeignKey): LinkModel {
  const { columns, foreignTable, foreignColumns } = key.reference();
  const target = getTableConfig(foreignTable);
  return {
    name: storedName(key.getName()),
    columns: namesOf(columns),
    target: { schema: target.schema ?? 'public', name: storedName(target.name) },
    targetColumns: namesOf(foreignColumns),
    onUpdate: actionOf(key.onUpdate),
    onDelete: actionOf(key.onDelete),
  };
}

function actionOf(action: ReferentialAction | undefined): ReferentialAction {
  return action ?? 'no action';
}

function namesOf(columns: readonly { name: string }[]): string[] {
  return columns.map((column) => storedName(column.name));
}

/** `alias()` gives an object that looks like a table; Drizzle marks it with this registered symbol only. */
function isAlias(table: PgTable): boolean {
  return Reflect.get(table, Symbol.for('drizzle:IsAlias')) === true;
}

function refuseTwins(table: TableModel): void {
  const kinds: [string, string[]][] = [
    ['columns', table.columns.map((column) => column.name)],
    [
      'keys or unique indexes',
      [...(table.primaryKey ? [table.primaryKey.name] : []), ...table.uniques.map((unique) => unique.name)],
    ],
    ['links', table.links.map((link) => link.name)],
  ];
  for (const [kind, names] of kinds) {
    const twin = names.find((name, at) => names.indexOf(name) !== at);
    if (twin !== undefined)
      throw invalid(
        `The table ${qualifiedName(table)} has two ${kind} named "${twin}".`,
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

/** An owner makes a known sequence owned; of several columns the first by name counts. */
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
