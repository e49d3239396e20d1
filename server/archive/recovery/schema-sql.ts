import { qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { CalledFunction, Manifest, ManifestTable, UserType } from '../manifest/manifest.ts';
import { mustExist } from '../manifest/must-exist.ts';
import { creationOrder } from './creation-order.ts';
import {
  addLinks,
  createCollation,
  createFunction,
  createSchema,
  createSequence,
  createTable,
  createType,
  isIdentitySequence,
  ownSequence,
} from './ddl.ts';
import { oneLine } from './one-line.ts';
import { settingsSql } from './settings-sql.ts';

/**
 * Returns the files `schema/0001.sql`, `schema/0002.sql`, …, to be run in order by `psql -v ON_ERROR_STOP=1 -f` against
 * an empty database. They make everything that rows need to load, then the foreign keys. Each is one transaction, and
 * its top says what it cannot make.
 */
export function schemaSql(manifest: Manifest): string[] {
  const { sequences, types, functions = [], collations = [], withoutRows = [] } = manifest;
  const tables = [...manifest.tables, ...withoutRows];
  const there = new Set(tables.map(qualifiedName));
  const free = sequences.filter((sequence) => !isIdentitySequence(sequence, tables) && !sequence.extension);
  const owned = free.filter(({ ownedBy }) => ownedBy && there.has(qualifiedName(ownedBy)));
  const schemas = new Set(
    [...types, ...collations, ...functions, ...sequences, ...tables]
      .map((object) => object.schema)
      .filter((name) => name !== 'pg_catalog'),
  );
  const calls = callsOf(functions);
  const creations = creationOrder(
    types.filter((type) => type.kind !== 'extension'),
    tables,
  );
  const firstTable = creations.findIndex((creation) => 'table' in creation);
  const early = firstTable < 0 ? creations.length : firstTable;
  const domains = types.filter((type) => type.kind === 'domain');
  const make = (creation: (typeof creations)[number]) =>
    'type' in creation
      ? [createType(withoutCalls(creation.type, calls.any))]
      : createTable(withoutLateDefaults(creation.table, calls.late), sequences);
  const structure = [
    ...[...schemas].sort().map(createSchema),
    ...types.filter((type) => type.kind === 'extension').map(createType),
    ...collations.map(createCollation).filter((statement) => statement !== null),
    ...creations.slice(0, early).flatMap(make),
    // Bodies name sequences and tables in texts that nobody can parse; PostgreSQL checks them when they run.
    ...(functions.length > 0 ? ['SET LOCAL check_function_bodies = off;'] : []),
    ...free.map(createSequence),
    ...functions.filter((one) => !one.afterTables).map(createFunction),
    ...domains.flatMap((domain) => completeDomain(domain, (sql) => calls.any(sql) && !calls.late(sql))),
    ...creations.slice(early).flatMap(make),
    ...owned.map(ownSequence).filter((statement) => statement !== null),
    ...functions.filter((one) => one.afterTables).map(createFunction),
    ...domains.flatMap((domain) => completeDomain(domain, calls.late)),
    ...tables.flatMap((table) => lateDefaults(table, calls.late)),
  ];
  // A table whose rows were left out stays empty: nothing but another such table could refer to it.
  const foreignKeys = [
    ...manifest.tables.flatMap((table) => addLinks(table, manifest.tables)),
    ...withoutRows.flatMap((table) => addLinks(table, tables)),
  ];
  return [
    transaction(
      'Tables, types and sequences as the backup found them, for an empty database.',
      structure,
      mustExist(manifest),
    ),
    transaction('Foreign keys. May run before restore.sql or after it.', foreignKeys, []),
  ];
}

/** Returns predicates that tell whether SQL calls one of these functions: one that refers to tables, or any. */
function callsOf(functions: CalledFunction[]) {
  const called = (among: CalledFunction[]) => (sql: string) => among.some(({ spelled }) => sql.includes(`${spelled}(`));
  return { any: called(functions), late: called(functions.filter((one) => one.afterTables)) };
}

type Domain = Extract<UserType, { kind: 'domain' }>;

/** Returns a domain without the parts that must wait for a function. */
function withoutCalls(type: UserType, waits: (sql: string) => boolean): UserType {
  if (type.kind !== 'domain') return type;
  return {
    ...type,
    defaultSql: type.defaultSql !== null && waits(type.defaultSql) ? null : type.defaultSql,
    checks: type.checks.filter(({ definition }) => !waits(definition)),
  };
}

function completeDomain(domain: Domain, ready: (sql: string) => boolean): string[] {
  const alter = `ALTER DOMAIN ${quoteName(domain)}`;
  return [
    ...(domain.defaultSql !== null && ready(domain.defaultSql) ? [`${alter} SET DEFAULT ${domain.defaultSql};`] : []),
    ...domain.checks
      .filter(({ definition }) => ready(definition))
      .map(({ name, definition }) => `${alter} ADD CONSTRAINT ${quoteIdent(name)} ${definition};`),
  ];
}

function withoutLateDefaults(table: ManifestTable, late: (sql: string) => boolean): ManifestTable {
  return {
    ...table,
    columns: table.columns.map((column) => ({
      ...column,
      defaultSql: column.defaultSql !== null && late(column.defaultSql) ? null : column.defaultSql,
    })),
  };
}

function lateDefaults(table: ManifestTable, late: (sql: string) => boolean): string[] {
  return table.columns
    .filter(({ defaultSql }) => defaultSql !== null && late(defaultSql))
    .map(
      ({ name, defaultSql }) =>
        `ALTER TABLE ONLY ${quoteName(table)} ALTER COLUMN ${quoteIdent(name)} SET DEFAULT ${defaultSql};`,
    );
}

function transaction(comment: string, statements: string[], needs: string[]): string {
  const top = [
    comment,
    ...(needs.length > 0 ? ['What must be there first:', ...needs.map((need) => `  - ${need}`)] : []),
  ];
  return [
    `${top.map((line) => `-- ${oneLine(line)}`).join('\n')}\n${settingsSql()}`,
    'BEGIN;',
    ...statements,
    'COMMIT;',
  ]
    .join('\n\n')
    .concat('\n');
}
