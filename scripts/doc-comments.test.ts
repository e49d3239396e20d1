import { expect, test } from 'bun:test';
import { Glob } from 'bun';
import ts from 'typescript';
import { locationOf, nodesOf } from './program-files.fixture.ts';

const MOST_SENTENCES = 3;
const MOST_WORDS = 30;
/** Words at the beginning of a function's comment that end in s but are no verb. */
const NO_VERBS = new Set(['As', 'Its', 'This', 'Rows', 'Bytes', 'Tables', 'Headers', 'Settings', 'Milliseconds']);

test('every doc comment is short, and that of a function begins with what the function does', async () => {
  const found: string[] = [];
  let comments = 0;
  for await (const file of new Glob('{db,server,scripts,web}/**/*.{ts,tsx}').scan('.')) {
    if (/node_modules|\.d\.ts$|^scripts\/dev\/package\/fixtures\//.test(file)) continue;
    const source = ts.createSourceFile(file, await Bun.file(file).text(), ts.ScriptTarget.Latest, true);
    for (const { node, text } of commentsIn(source)) {
      comments += 1;
      found.push(...faultsOf(text, doesSomething(node)).map((fault) => `${locationOf(node)}: ${fault}`));
    }
  }
  expect(comments).toBeGreaterThan(3000);
  expect(found).toEqual([]);
});

test('faultsOf() finds long comments, long sentences, and functions that do nothing', () => {
  expect(faultsOf('Returns it. Throws USAGE. Never writes.', true)).toEqual([]);
  expect(faultsOf('One. Two. Three. Four.', false)).toEqual(['4 sentences']);
  expect(faultsOf('One. Two. Three.\n\nThrows USAGE.', false)).toEqual([]);
  expect(faultsOf('Has kinds:\n- `a`: one. Two.\n- `b`: Three. Four.', false)).toEqual([]);
  expect(faultsOf(`It ${'goes '.repeat(30)}on.`, false)).toEqual(['32 words']);
  expect(faultsOf('The rows.', true)).toEqual(['begins with The']);
  expect(faultsOf('Call when it ends.', true)).toEqual([]);
  expect(faultsOf('The rows.', false)).toEqual([]);
});

function commentsIn(source: ts.SourceFile): { node: ts.Node; text: string }[] {
  return [...nodesOf(source)].flatMap((node) =>
    ts
      .getJSDocCommentsAndTags(node)
      .filter(ts.isJSDoc)
      .filter(({ parent }) => parent === node)
      .map(({ comment }) => ({ node, text: ts.getTextOfJSDocComment(comment) ?? '' })),
  );
}

function doesSomething(node: ts.Node): boolean {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.some(({ initializer }) => initializer && ts.isArrowFunction(initializer));
  return ts.isFunctionDeclaration(node) || ts.isMethodSignature(node) || ts.isMethodDeclaration(node);
}

/** Returns what is wrong with a comment. Each paragraph and each item of a list counts by itself. */
function faultsOf(text: string, isFunction: boolean): string[] {
  const paragraphs = text.split(/\n\s*\n|\n(?=- )/).map(sentencesOf);
  const sentences = Math.max(...paragraphs.map(({ length }) => length));
  const words = Math.max(...paragraphs.flat().map((sentence) => sentence.split(/\s+/).length));
  const first = /^\S*?(?=,?\s|$)/.exec(text)?.[0] ?? '';
  const isVerb = first === 'Call' || (/^[A-Z][a-z]+s$/.test(first) && !NO_VERBS.has(first));
  return [
    ...(sentences > MOST_SENTENCES ? [`${sentences} sentences`] : []),
    ...(words > MOST_WORDS ? [`${words} words`] : []),
    ...(isFunction && !isVerb ? [`begins with ${first}`] : []),
  ];
}

/** Returns the sentences of a paragraph. Code counts as one word. */
function sentencesOf(paragraph: string): string[] {
  return paragraph
    .replace(/`[^`]*`/g, 'code')
    .trim()
    .split(/(?<=[.!?])\s+(?=[A-Z(])|(?<=[.!?])\s+(?=code\b)/);
}
