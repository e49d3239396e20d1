import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import type { CalledFunction, ManifestSequence, ManifestTable, UserCollation, UserType } from '../manifest/manifest.ts';

/**
 * Returns the statement for a schema. All statements here build what a manifest describes: people run them, this
 * program only writes them, and names are always quoted.
 */

export function createSchema(name: string): string {
  return `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(name)};`;
}

/** Spelling of a collation provider by its letter in the catalog. */
const PROVIDERS: Readonly<Record<string, string>> = { c: 'libc', i: 'icu', b: 'builtin' };

/** Returns the statement for a user-made collation; null for one this program cannot make. */
export function createCollation(collation: UserCollation): string | null {
  const { locale, ctype, rules, deterministic } = collation;
  const provider = PROVIDERS[collation.provider];
  if (provider === undefined || locale === null) return null;
  const text = (value: string) => quoteLiteral(value).trim();
  const options = [
    `PROVIDER = ${provider}`,
    ...(ctype === null ? [`LOCALE = ${text(locale)}`] : [`LC_COLLATE = ${text(locale)}`, `LC_CTYPE = ${text(ctype)}`]),
    ...(deterministic ? [] : ['DETERMINISTIC = false']),
    ...(rules === null ? [] : [`RULES = ${text(rules)}`]),
  ];
  return `CREATE COLLATION IF NOT EXISTS ${quoteName(collation)} (${options.join(', ')});`;
}

export function createType(type: UserType): string {
  const name = quoteName(type);
  switch (type.kind) {
    case 'extension':
      return `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(type.name)} WITH SCHEMA ${quoteIdent(type.schema)};`;
    case 'enum':
      return `CREATE TYPE ${name} AS ENUM (${type.labels.map((label) => quoteLiteral(label).trim()).join(', ')});`;
    case 'composite':
      return `CREATE TYPE ${name} AS (${type.attributes.map((attribute) => `${quoteIdent(attribute.name)} ${attribute.sqlType}${collate(attribute)}`).join(', ')});`;
    case 'range':
      return `CREATE TYPE ${name} AS RANGE (SUBTYPE = ${type.subtype}${rangeOrder(type)}${type.multirange ? `, MULTIRANGE_TYPE_NAME = ${quoteName(type.multirange)}` : ''});`;
    case 'domain': {
      const parts = [`CREATE DOMAIN ${name} AS ${type.baseType}${collate(type)}`];
      if (type.defaultSql !== null) parts.push(`DEFAULT ${type.defaultSql}`);
      if (type.notNull) parts.push('NOT NULL');
      const constraint = (check: (typeof type.checks)[number]) =>
        `CONSTRAINT ${quoteIdent(check.name)} ${check.definition}`;
      // CREATE DOMAIN takes no NOT VALID.
      const unsure = type.checks.filter((check) => check.definition.endsWith(' NOT VALID'));
      for (const check of type.checks.filter((one) => !unsure.includes(one))) parts.push(constraint(check));
      return [`${parts.join(' ')};`, ...unsure.map((check) => `ALTER DOMAIN ${name} ADD ${constraint(check)};`)].join(
        '\n',
      );
    }
  }
}

function collate({ collation }: { collation?: ObjectName | null | undefined }): string {
  return collation ? ` COLLATE ${quoteName(collation)}` : '';
}

function rangeOrder({ opclass, collation }: UserType & { kind: 'range' }): string {
  return [
    ...(opclass ? [`, SUBTYPE_OPCLASS = ${quoteName(opclass)}`] : []),
    ...(collation ? [`, COLLATION = ${quoteName(collation)}`] : []),
  ].join('');
}

export function createFunction({ definition }: CalledFunction): string {
  return `${definition.trimEnd()};`;
}

/** Returns the statement for a sequence that no identity column creates. */
export function createSequence(sequence: ManifestSequence): string {
  return `CREATE SEQUENCE ${quoteName(sequence)} AS ${sequence.dataType} ${sequenceOptions(sequence)};`;
}

export function ownSequence(sequence: ManifestSequence): string | null {
  const { ownedBy } = sequence;
  return (
    ownedBy && `ALTER SEQUENCE ${quoteName(sequence)} OWNED BY ${quoteName(ownedBy)}.${quoteIdent(ownedBy.column)};`
  );
}

/**
 * Returns the statements for the table with its columns, primary key and unique constraints, then for its unique
 * indexes.
 */
export function createTable(table: ManifestTable, sequences: ManifestSequence[]): string[] {
  const { rules = [] } = table;
  const unvalidated = rules.filter((rule) => rule.type === 'n' && !rule.validated);
  const unsure = new Set(unvalidated.flatMap(({ columns }) => columns));
  const written = (name: string) =>
    rules.find((rule) => rule.name === name && (rule.type === 'p' || rule.type === 'u'));
  const lines = table.columns.map((column) => {
    const parts = [quoteIdent(column.name), `${column.sqlType}${collate(column)}`];
    if (column.generated)
      parts.push(`GENERATED ALWAYS AS (${column.generated.expression}) ${column.generated.kind.toUpperCase()}`);
    else if (column.identity)
      parts.push(
        `GENERATED ${column.identity.toUpperCase()} AS IDENTITY${identityOptions(table, column.name, sequences)}`,
      );
    else if (column.defaultSql !== null) parts.push(`DEFAULT ${column.defaultSql}`);
    if (column.notNull && !unsure.has(column.name)) parts.push('NOT NULL');
    return parts.join(' ');
  });
  if (table.primaryKey)
    lines.push(
      `CONSTRAINT ${quoteIdent(table.primaryKey.name)} ${written(table.primaryKey.name)?.definition ?? `PRIMARY KEY (${columnList(table.primaryKey.columns)})`}`,
    );
  const after = unvalidated.map(
    ({ name, definition }) => `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdent(name)} ${definition};`,
  );
  for (const unique of table.uniques) {
    const nulls = unique.nullsNotDistinct ? ' NULLS NOT DISTINCT' : '';
    if (unique.kind === 'constraint')
      lines.push(
        `CONSTRAINT ${quoteIdent(unique.name)} ${written(unique.name)?.definition ?? `UNIQUE${nulls} (${columnList(unique.columns)})`}`,
      );
    else
      after.push(
        `CREATE UNIQUE INDEX ${quoteIdent(unique.name)} ON ${quoteName(table)} (${columnList(unique.columns)})${nulls};`,
      );
  }
  return [`CREATE TABLE ${quoteName(table)} (\n  ${lines.join(',\n  ')}\n);`, ...after];
}

/** Returns the statements for the table's foreign keys to the tables of `targets`. */
export function addLinks(table: ManifestTable, targets: ManifestTable[]): string[] {
  const known = new Set(targets.map(qualifiedName));
  return table.links
    .filter((foreignKey) => known.has(qualifiedName(foreignKey.target)))
    .map(
      (foreignKey) =>
        `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdent(foreignKey.name)} ${foreignKeyDefinition(table, foreignKey)};`,
    );
}

/** Returns the foreign key as PostgreSQL wrote it. Archives of format 1.0 record only columns and actions. */
function foreignKeyDefinition(table: ManifestTable, foreignKey: ManifestTable['links'][number]): string {
  const rule = table.rules?.find(({ name, type }) => type === 'f' && name === foreignKey.name);
  if (rule) return rule.definition;
  return (
    `FOREIGN KEY (${columnList(foreignKey.columns)}) REFERENCES ${quoteName(foreignKey.target)} (${columnList(foreignKey.targetColumns)}) ` +
    `ON UPDATE ${foreignKey.onUpdate.toUpperCase()} ON DELETE ${foreignKey.onDelete.toUpperCase()}`
  );
}

export function columnList(names: string[]): string {
  return names.map(quoteIdent).join(', ');
}

/** Returns whether an identity column creates the sequence. */
export function isIdentitySequence(sequence: ManifestSequence, tables: ManifestTable[]): boolean {
  const { ownedBy } = sequence;
  const table = ownedBy && tables.find((candidate) => sameName(candidate, ownedBy));
  return table?.columns.some((column) => column.name === ownedBy?.column && column.identity !== null) ?? false;
}

function identityOptions(table: ManifestTable, column: string, sequences: ManifestSequence[]): string {
  const own = sequences.find(({ ownedBy }) => ownedBy && sameName(ownedBy, table) && ownedBy.column === column);
  return own ? ` (SEQUENCE NAME ${quoteName(own)} ${sequenceOptions(own)})` : '';
}

function sequenceOptions(sequence: ManifestSequence): string {
  const { start, increment, min, max, cache, cycle } = sequence;
  return `START WITH ${start} INCREMENT BY ${increment} MINVALUE ${min} MAXVALUE ${max} CACHE ${cache} ${cycle ? 'CYCLE' : 'NO CYCLE'}`;
}

function sameName(a: ObjectName, b: ObjectName): boolean {
  return a.schema === b.schema && a.name === b.name;
}
