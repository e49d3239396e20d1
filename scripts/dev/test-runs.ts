/** One `bun test` and its arguments. */
export interface TestRun {
  name: string;
  words: string[];
  /** True when the words may match no file: they may be meant for the other run. */
  mayFindNothing: boolean;
}

/** Test files that measure memory, or a page's speed: only one other may run beside them, which leaves a processor to each. */
export const ALONE = [
  'scripts/json-memory.test.ts',
  'server/files/files-memory.test.ts',
  'scripts/memory.test.ts',
  'web/e2e/lighthouse.test.ts',
];
const ALONE_CONCURRENCY = 2;
/** Flags of `bun test` whose value is a word of its own. */
const WITH_VALUE = new Set(['-t', '--test-name-pattern']);

/**
 * Returns the runs for the words given to the test command: first files that may run in parallel, `concurrency` of them, then the others. Words
 * are parts of file names, as for `bun test`, and its flags.
 */
export function testRuns(words: readonly string[], concurrency: number): TestRun[] {
  const isFlag = (word: string, at: number) => word.startsWith('-') || WITH_VALUE.has(words[at - 1] ?? '');
  const flags = [...words.filter(isFlag), '--pass-with-no-tests'];
  const names = words.filter((word, at) => !isFlag(word, at)).map((name) => name.replace(/^\.\//, ''));
  const alone = ALONE.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  const others = names.filter((name) => !ALONE.includes(name));

  const runs: TestRun[] = [];
  if (names.length === 0 || others.length > 0) {
    // Modules are loaded once in each process, not again for each file.
    const together = [
      `--parallel=${concurrency}`,
      '--no-isolate',
      ...ALONE.map((file) => `--path-ignore-patterns=${file}`),
    ];
    runs.push({ name: 'together', words: [...others, ...flags, ...together], mayFindNothing: true });
  }
  if (alone.length > 0) {
    const few = `--parallel=${Math.min(ALONE_CONCURRENCY, concurrency)}`;
    runs.push({ name: 'alone', words: [...alone.map((file) => `./${file}`), ...flags, few], mayFindNothing: false });
  }
  return runs;
}
