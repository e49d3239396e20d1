import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName, type SchemaModel, storedColumns } from '../../../db/model/model.ts';
import { compareColumns } from '../../backup/coverage.ts';
import type { JsonColumn } from '../../document/document.ts';
import { jsonForm } from '../../document/value-form.ts';
import { type LiveTable, readTables } from '../../postgres/catalog/catalog.ts';
import { readTypes } from '../../postgres/catalog/types.ts';
import type { JsonTarget, LoadedJson } from './load-document.ts';
import { oldForms } from './old-backups.ts';

/** A table that a document may hold, with its live table. */
export interface TableMapping extends JsonTarget {
  live: LiveTable;
}

/**
 * Reads the model's tables as the database has them, with their form in a document. Throws SCHEMA_DRIFT when one is
 * missing.
 */
export async function readTableMappings(
  session: Session,
  deps: { model: SchemaModel; lockGiveUpMs: number },
  schema: string,
): Promise<TableMapping[]> {
  const { tables } = deps.model;
  await session.query(`SET lock_timeout = ${Math.round(deps.lockGiveUpMs)}`);
  const live = await readTables(session, tables, new Map(tables.map((table) => [qualifiedName(table), table])));
  await session.query('SET lock_timeout = 0');
  compareColumns(tables, live);
  const { types } = await readTypes(
    session,
    live.map((table) => table.oid),
  );
  return live.map((table, index): TableMapping => {
    const stored = storedColumns(table);
    const { aliases, related } = oldForms(table);
    const keys = new Set(tables.map(({ key }) => key));
    const generated = table.columns.filter((column) => column.generated !== null).map(({ key }) => key);
    return {
      live: table,
      names: new Map(stored.map((column) => [column.key, column.name])),
      staging: {
        schema,
        name: `t${String(index + 1).padStart(4, '0')}`,
        columns: stored.map(({ name, sqlType }) => ({ name, sqlType })),
      },
      json: {
        key: table.key,
        aliases: aliases.filter((alias) => !keys.has(alias)),
        columns: stored.map(
          (column): JsonColumn => ({
            key: column.key,
            form: jsonForm(column.sqlType, types),
            notNull: column.notNull,
            optional: !column.notNull || column.defaultSql !== null || column.identity !== null,
          }),
        ),
        passedOver: new Set([...generated, ...related]),
      },
    };
  });
}

/**
 * Returns the live table without the columns the document lacks, and without keys, constraints and the like that name
 * them.
 */
export function trimmed(mapping: TableMapping, loaded: LoadedJson, held: TableMapping[]): LiveTable {
  const columnsOf = ({ live, json }: TableMapping) => {
    const keys = new Set(loaded.tables.get(json)?.columns.map((column) => column.key));
    const whole = keys.size === json.columns.length;
    // A generated column may be computed from one that is missing.
    return live.columns.filter((column) => (column.generated === null ? keys.has(column.key) : whole));
  };
  const has = (one: TableMapping, names: string[]) => {
    const there = new Set(columnsOf(one).map((column) => column.name));
    return names.every((name) => there.has(name));
  };
  const { live } = mapping;
  return {
    ...live,
    columns: columnsOf(mapping),
    primaryKey: live.primaryKey && has(mapping, live.primaryKey.columns) ? live.primaryKey : null,
    uniques: live.uniques.filter((unique) => has(mapping, unique.columns)),
    foreignKeys: live.foreignKeys.filter((foreignKey) => {
      const target = held.find((one) => qualifiedName(one.live) === qualifiedName(foreignKey.target));
      return has(mapping, foreignKey.columns) && (!target || has(target, foreignKey.targetColumns));
    }),
  };
}
