import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { locationOf, nodesOf, programFiles } from './program-files.fixture.ts';

/** Methods whose type argument says what a row of their statement holds. */
const QUERIES = new Set(['query', 'admin', 'execute']);

test('every property of a row that is queried has a column of its name in the statement’s file', async () => {
  const found: string[] = [];
  let rows = 0;
  for await (const source of programFiles()) {
    for (const call of queriesIn(source)) {
      rows += 1;
      found.push(...withoutColumn(call).map((name) => `${locationOf(call)}: ${name}`));
    }
  }
  expect(rows).toBeGreaterThan(80);
  expect(found).toEqual([]);
});

test('withoutColumn() finds a property parted from its column', () => {
  const of = (text: string) => {
    const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
    return queriesIn(source).flatMap(withoutColumn);
  };
  expect(of("session.query<{ name: string }>('SELECT nspname FROM pg_namespace')")).toEqual(['name']);
  expect(of("session.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace')")).toEqual([]);
  expect(of('const SQL = `SELECT ${x} AS name`; session.query<{ name: string }>(SQL)')).toEqual([]);
  // PostgreSQL folds names without quotes to lower case.
  expect(of("session.query<{ isThere: boolean }>('SELECT true AS isThere')")).toEqual(['isThere']);
  expect(of(`session.query<{ isThere: boolean }>('SELECT true AS "isThere"')`)).toEqual([]);
  const row = 'interface Base { id: string } interface Row extends Base { a: 1; b: 2 }';
  expect(of(`${row} session.query<Omit<Row, 'a'> & { c: 3 }>('SELECT 1 AS a')`)).toEqual(['id', 'b', 'c']);
});

function queriesIn(source: ts.SourceFile): ts.CallExpression[] {
  return [...nodesOf(source)].filter(
    (node): node is ts.CallExpression =>
      ts.isCallExpression(node) &&
      node.typeArguments?.length === 1 &&
      ts.isPropertyAccessExpression(node.expression) &&
      QUERIES.has(node.expression.name.text),
  );
}

/** Returns the properties of the row's type that no text names, in the call's file or where its statement is imported from. */
function withoutColumn(call: ts.CallExpression): string[] {
  const source = call.getSourceFile();
  const statement = call.arguments[0];
  const named = statement ? [...nodesOf(statement)].filter(ts.isIdentifier).map(({ text }) => text) : [];
  const texts = [source, ...named.flatMap((name) => importOf(source, name) ?? [])].flatMap(textsOf).join('\n');
  const properties = call.typeArguments?.flatMap((type) => propertiesOf(type)) ?? [];
  return properties.filter(
    (name) => !(/[A-Z]/.test(name) ? new RegExp(`["']${name}["']`) : new RegExp(`\\b${name}\\b`)).test(texts),
  );
}

function textsOf(source: ts.SourceFile): string[] {
  return [...nodesOf(source)].flatMap((node) =>
    (ts.isStringLiteralLike(node) && !ts.isImportDeclaration(node.parent) && !ts.isLiteralTypeNode(node.parent)) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node)
      ? [node.text]
      : [],
  );
}

/** Returns the names of a type's properties, as far as its declaration is ours and written out. */
function propertiesOf(type: ts.TypeNode | ts.ExpressionWithTypeArguments): string[] {
  if (ts.isTypeLiteralNode(type)) return membersOf(type.members);
  if (ts.isIntersectionTypeNode(type)) return type.types.flatMap(propertiesOf);
  if (!ts.isTypeReferenceNode(type) && !ts.isExpressionWithTypeArguments(type)) return [];
  const name = (ts.isTypeReferenceNode(type) ? type.typeName : type.expression).getText();
  const [of, keys] = type.typeArguments ?? [];
  if (of && keys && (name === 'Omit' || name === 'Pick')) {
    const listed = new Set([...nodesOf(keys)].filter(ts.isStringLiteral).map(({ text }) => text));
    return propertiesOf(of).filter((property) => listed.has(property) === (name === 'Pick'));
  }
  if (of && (name === 'Partial' || name === 'Readonly')) return propertiesOf(of);
  return declaredProperties(type.getSourceFile(), name);
}

function declaredProperties(source: ts.SourceFile, name: string): string[] {
  for (const node of source.statements) {
    if (ts.isInterfaceDeclaration(node) && node.name.text === name)
      return [
        ...(node.heritageClauses ?? []).flatMap(({ types }) => types.flatMap(propertiesOf)),
        ...membersOf(node.members),
      ];
    if (ts.isTypeAliasDeclaration(node) && node.name.text === name) return propertiesOf(node.type);
  }
  const imported = importOf(source, name);
  return imported ? declaredProperties(imported, name) : [];
}

function membersOf(members: ts.NodeArray<ts.TypeElement>): string[] {
  return members.flatMap(({ name }) =>
    name && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? [name.text] : [],
  );
}

/** Returns the module of ours that a name is imported from; null for a name of the file itself or of a package. */
function importOf(source: ts.SourceFile, name: string): ts.SourceFile | null {
  for (const node of source.statements) {
    if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) continue;
    const bindings = node.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings) || !bindings.elements.some((one) => one.name.text === name)) continue;
    const path = join(dirname(source.fileName), node.moduleSpecifier.text);
    if (!node.moduleSpecifier.text.startsWith('.') || !existsSync(path)) return null;
    return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  }
  return null;
}
