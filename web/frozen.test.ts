import { expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

/** Components that call their child once, and keep the result as long as the condition, or the item, stays. */
const ONCE = ['Show', 'Match', 'For'];

test('whatever is shown on a condition goes on changing: the callback of Show, Match and For answers elements, never a text', async () => {
  const found: string[] = [];
  for await (const name of new Bun.Glob('**/*.tsx').scan(import.meta.dir))
    found.push(...frozenIn(await readFile(join(import.meta.dir, name), 'utf8')).map((text) => `${name}: ${text}`));
  expect(found).toEqual([]);
});

test('frozenIn() knows a text from elements', () => {
  expect(frozenIn('<Show when={at()}>{(at) => `since ${at()}`}</Show>')).toEqual(['(at) => `since ${at()}`']);
  expect(frozenIn('<Match when={x()}>{(x) => words.of(x())}</Match>')).toHaveLength(1);
  expect(frozenIn('<Show when={x()}>{(x) => (x() > 1 ? <A /> : <B />)}</Show>')).toHaveLength(1);
  expect(frozenIn('<For each={all()}>{(one) => { const f = 1; return one.name; }}</For>')).toHaveLength(1);
  expect(frozenIn('<Show when={x()}>{(x) => (<p>{x()}</p>)}</Show>')).toEqual([]);
  expect(frozenIn('<Show when={x()}>{(x) => <>{x()}</>}</Show>')).toEqual([]);
  expect(frozenIn('<For each={all()}>{(one) => { const f = () => one.f; return <p>{f()}</p>; }}</For>')).toEqual([]);
});

/** Returns the callbacks in a source whose result is computed once and never updated. */
function frozenIn(source: string): string[] {
  const file = ts.createSourceFile('x.tsx', source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isJsxElement(node) && ONCE.includes(node.openingElement.tagName.getText(file)))
      for (const child of node.children) {
        const call = ts.isJsxExpression(child) ? child.expression : undefined;
        if (call && ts.isArrowFunction(call) && !answersOf(call).every(isElement)) found.push(call.getText(file));
      }
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

function answersOf({ body }: ts.ArrowFunction): (ts.Expression | undefined)[] {
  if (!ts.isBlock(body)) return [body];
  const answers: (ts.Expression | undefined)[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isReturnStatement(node)) answers.push(node.expression);
    else if (!ts.isFunctionLike(node)) ts.forEachChild(node, look);
  };
  look(body);
  return answers;
}

function isElement(answer: ts.Expression | undefined): boolean {
  if (answer === undefined) return false;
  if (ts.isParenthesizedExpression(answer)) return isElement(answer.expression);
  return ts.isJsxElement(answer) || ts.isJsxSelfClosingElement(answer) || ts.isJsxFragment(answer);
}
