import { Glob } from 'bun';
import ts from 'typescript';

/** Reads every module whose words people see; benchmarks and screenshots are for work on the program itself. */
export async function* programFiles(): AsyncGenerator<ts.SourceFile> {
  for await (const file of new Glob('{db,server,scripts}/**/*.ts').scan('.')) {
    if (
      /\.(test|suite|fixture|schema|d)\.ts$|^scripts\/dev\/(bench|breakages|panel|lighthouse|screenshots)\b/.test(file)
    )
      continue;
    yield ts.createSourceFile(file, await Bun.file(file).text(), ts.ScriptTarget.Latest, true);
  }
}

/** Walks a module's nodes, nested ones included. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  const left = [node];
  for (let next = left.pop(); next; next = left.pop()) {
    yield next;
    const children: ts.Node[] = [];
    ts.forEachChild(next, (child) => {
      children.push(child);
    });
    left.push(...children.reverse());
  }
}

/** Returns the position of a node: `scripts/cli.ts:17`. */
export function locationOf(node: ts.Node): string {
  const source = node.getSourceFile();
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
