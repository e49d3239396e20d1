import { qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { createCollation } from '../recovery/ddl.ts';
import { namingColumns } from '../recovery/naming-columns.ts';
import type { Manifest } from './manifest.ts';

/** Constraint syntax that came with PostgreSQL 18. */
const NEW_IN_18 = /WITHOUT OVERLAPS|[(, ]PERIOD |NOT ENFORCED/;

/**
 * Returns what `schema/0001.sql` needs and cannot make, one line each; empty for most databases. That may be a newer
 * server, an extension that a superuser must install, or an operator or function in C that its text names. Objects
 * named by values are listed too.
 */
export function mustExist(manifest: Manifest): string[] {
  const { types, functions = [], required = [], collations = [], withoutRows = [] } = manifest;
  const tables = [...manifest.tables, ...withoutRows];
  const columns = tables.flatMap((table) => table.columns);
  const rules = tables.flatMap((table) => table.rules ?? []);
  const version =
    columns.some((column) => column.generated?.kind === 'virtual') ||
    rules.some(({ type, definition, validated }) => (type === 'n' && !validated) || NEW_IN_18.test(definition))
      ? 18
      : collations.some(({ provider }) => provider === 'b')
        ? 17
        : collations.some(({ rules }) => rules !== null)
          ? 16
          : tables.some((table) => table.uniques.some((unique) => unique.nullsNotDistinct))
            ? 15
            : null;
  const made = new Set(collations.filter((one) => createCollation(one) !== null).map(qualifiedName));
  const texts = [
    ...columns.flatMap(({ sqlType, defaultSql, generated }) => [sqlType, defaultSql, generated?.expression]),
    ...types.flatMap(textsOf),
    ...functions.map(({ definition }) => definition),
  ]
    .filter((text) => text != null)
    .join('\n');
  const naming = namingColumns(manifest);
  return [
    ...(version === null ? [] : [`PostgreSQL ${version} or later`]),
    ...types
      .filter((type) => type.kind === 'extension')
      .map(({ name, schema, trusted }) =>
        trusted
          ? `the files of the extension ${name} on the server; it is made here`
          : `the extension ${name} in the schema ${schema}; a superuser makes it, if this role may not: CREATE EXTENSION`,
      ),
    ...collationsNeeded(manifest, columns),
    // Expressions spell a function by its name without arguments.
    ...required
      .filter(({ kind, name }) => kind !== 'collation' || !made.has(name.replaceAll('"', '')))
      .filter(({ name }) => texts.includes(name.replace(/\(.*$/s, '')))
      .map(({ kind, name }) => `the ${kind} ${name}, which is not in this backup`),
    ...(naming.length > 0
      ? [`before restore.sql, the objects and roles that the values of these columns name: ${naming.join(', ')}`]
      : []),
    ...(functions.length > 0
      ? [
          `what the bodies of these functions use beyond what is made here: ${functions.map(({ spelled }) => spelled).join(', ')}`,
        ]
      : []),
  ];
}

type Collated = Pick<Manifest['tables'][number]['columns'][number], 'collation'>;

/** Collations that every server has. */
const EVERYWHERE = new Set(['C', 'POSIX', 'default', 'ucs_basic']);
const C_LOCALES = /^(C|POSIX)$/;

/** Returns the collations that come with the operating system or ICU, and so are missing on some servers. */
function collationsNeeded(
  { types, collations = [] }: Manifest,
  columns: Manifest['tables'][number]['columns'],
): string[] {
  const parts = types.flatMap((type): Collated[] =>
    type.kind === 'composite' ? type.attributes : type.kind === 'domain' || type.kind === 'range' ? [type] : [],
  );
  const named = [...columns, ...parts].flatMap(({ collation }) =>
    collation?.schema === 'pg_catalog' ? [collation.name] : [],
  );
  return [
    ...[...new Set(named)].filter((name) => !EVERYWHERE.has(name)).map((name) => `the collation ${name} of the server`),
    ...collations.flatMap((collation) => {
      const name = quoteName(collation);
      if (createCollation(collation) === null) return [`the collation ${name}, which is not in this backup`];
      if (collation.provider === 'i') return [`a server with ICU, for the collation ${name}`];
      if (collation.provider !== 'c' || C_LOCALES.test(collation.locale ?? '')) return [];
      return [`the locale ${collation.locale} of the operating system, for the collation ${name}`];
    }),
  ];
}

function textsOf(type: Manifest['types'][number]): (string | null)[] {
  switch (type.kind) {
    case 'domain':
      return [type.baseType, type.defaultSql, ...type.checks.map(({ definition }) => definition)];
    case 'composite':
      return type.attributes.map(({ sqlType }) => sqlType);
    case 'range':
      return [type.subtype];
    default:
      return [];
  }
}
