import { expect, test } from 'bun:test';
import ts from 'typescript';
import { locationOf, nodesOf, programFiles } from './program-files.fixture.ts';

test('what is tried again is never logged by itself, but by the owner of faults that last', async () => {
  const byThemselves: string[] = [];
  let owned = 0;
  for await (const source of programFiles())
    for (const node of nodesOf(source)) {
      if (!ts.isCallExpression(node)) continue;
      const callee = node.expression.getText();
      if (callee === 'lastingFault') owned++;
      const says = node.arguments.some(
        (argument) => ts.isStringLiteralLike(argument) && /tried again/.test(argument.text),
      );
      if (says && /\.(error|warn)$/.test(callee)) byThemselves.push(locationOf(node));
    }
  expect(byThemselves).toEqual([]);
  expect(owned).toBeGreaterThanOrEqual(4);
});
