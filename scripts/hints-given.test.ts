import { expect, test } from 'bun:test';
import ts from 'typescript';
import { locationOf, nodesOf, programFiles } from './program-files.fixture.ts';

/** Failures that no hint helps with: the beginning of their source after the code, and why. */
const WITHOUT_HINT: Record<string, string> = {
  '`The archive has no entry ${entry.name}.`': 'entries are asked for that the same manifest lists',
  "'The server does not say which database this is.'": 'a statement without a table, which always gives one row',
  "'The database does not list itself in pg_database.'": 'PostgreSQL itself keeps that row',
  "'The audit has lost its head row; nothing can be added to it.'":
    'triggers keep that row, and to make one up would hide what was done',
  '[`${formatCounted(failures.length,': 'each of its lines has the hint of its finding below it',
};

/** Codes that need no hint: whoever cancelled knows it, and the message names what was left behind. */
const NEEDS_NONE = new Set(["'CANCELLED'"]);

interface Raised {
  location: string;
  code: string;
  message: string;
  hinted: boolean;
}

/** Finds every place where an error of ours is created. */
async function everyError(): Promise<Raised[]> {
  const found: Raised[] = [];
  for await (const source of programFiles()) {
    for (const node of nodesOf(source)) {
      if (!ts.isNewExpression(node) || node.expression.getText() !== 'AppError') continue;
      const [code, message, options] = node.arguments ?? [];
      found.push({
        location: locationOf(node),
        code: code?.getText() ?? '',
        message: message?.getText() ?? '',
        hinted: options !== undefined && givesHint(options),
      });
    }
  }
  return found;
}

/** Returns true when options have a hint, or pass on what may be one. */
function givesHint(options: ts.Expression): boolean {
  if (ts.isConditionalExpression(options)) return givesHint(options.whenTrue) || givesHint(options.whenFalse);
  if (!ts.isObjectLiteralExpression(options)) return true;
  return options.properties.some((property) =>
    ts.isSpreadAssignment(property) ? /\bhint\b/.test(property.getText()) : property.name?.getText() === 'hint',
  );
}

const raised = await everyError();

test('every failure has a hint where it is raised, or a reason why none helps', () => {
  expect(raised.length).toBeGreaterThan(250);
  const listed = (message: string) => Object.keys(WITHOUT_HINT).some((start) => message.startsWith(start));
  const bare = raised.filter(({ code, message, hinted }) => !hinted && !NEEDS_NONE.has(code) && !listed(message));
  expect(bare.map(({ location, code, message }) => `${location}: ${code} ${message}`)).toEqual([]);
});

test('every listed reason is for a failure that is there and has no hint', () => {
  const bare = raised.filter(({ hinted }) => !hinted).map(({ message }) => message);
  const unused = Object.keys(WITHOUT_HINT).filter((start) => !bare.some((message) => message.startsWith(start)));
  expect(unused).toEqual([]);
});
