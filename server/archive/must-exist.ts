import type { Manifest } from './manifest.ts';

/** What constraints can say since PostgreSQL 18. */
const NEW_IN_18 = /WITHOUT OVERLAPS|[(, ]PERIOD |NOT ENFORCED/;

/**
 * Returns what `schema/0001.sql` needs and cannot make, a line each: a newer server, extensions that a superuser must install, and operators,
 * functions in C and the like that its text names. Empty for most databases.
 */
export function mustExist(manifest: Manifest): string[] {
  const { types, functions = [], required = [], withoutRows = [] } = manifest;
  const tables = [...manifest.tables, ...withoutRows];
  const columns = tables.flatMap((table) => table.columns);
  const rules = tables.flatMap((table) => table.rules ?? []);
  const version =
    columns.some((column) => column.generated?.kind === 'virtual') ||
    rules.some(({ type, definition, validated }) => (type === 'n' && !validated) || NEW_IN_18.test(definition))
      ? 18
      : tables.some((table) => table.uniques.some((unique) => unique.nullsNotDistinct))
        ? 15
        : null;
  const texts = [
    ...columns.flatMap(({ sqlType, defaultSql, generated }) => [sqlType, defaultSql, generated?.expression]),
    ...types.flatMap(textsOf),
    ...functions.map(({ definition }) => definition),
  ]
    .filter((text) => text != null)
    .join('\n');
  return [
    ...(version === null ? [] : [`PostgreSQL ${version} or later`]),
    ...types
      .filter((type) => type.kind === 'extension')
      .map(({ name, schema, trusted }) =>
        trusted
          ? `the files of the extension ${name} on the server; it is made here`
          : `the extension ${name} in the schema ${schema}; a superuser makes it, if this role may not: CREATE EXTENSION`,
      ),
    // The name without its arguments is how an expression spells it.
    ...required
      .filter(({ name }) => texts.includes(name.replace(/\(.*$/s, '')))
      .map(({ kind, name }) => `the ${kind} ${name}, which is not in this backup`),
    ...(functions.length > 0
      ? [
          `what the bodies of these functions use beyond what is made here: ${functions.map(({ spelled }) => spelled).join(', ')}`,
        ]
      : []),
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
