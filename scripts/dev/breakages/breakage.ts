/** A deliberate fault in the program, and the tests that must find it. */
export interface Breakage {
  /** The promise of DESIGN.md that it breaks, or the step. */
  breaks: `promise ${number}` | `step ${string}`;
  /** The fault in words. */
  does: string;
  file: string;
  /** Text that stands once in the file, and what stands there instead. */
  find: string;
  replace: string;
  /** The test files that stand near. */
  tests: readonly string[];
  /** Part of a test's name, where not the whole of the files is needed. */
  named?: string;
  /** Why no test can find it: one sentence on why the program is the same to all who use it. */
  changesNothing?: string;
}

/** Returns a source with the fault in it. Throws when the text to change does not stand there exactly once. */
export function broken(source: string, { file, find, replace, does }: Breakage): string {
  const found = source.split(find).length - 1;
  if (found !== 1) throw new Error(`"${does}": the text to change stands ${found} times in ${file}, not once.`);
  return source.replace(find, () => replace);
}

/** Returns those that hold each of the words in what they break, what they do, their file, or their tests; `promise 1` is not `promise 10`. */
export function chooseBreakages(breakages: readonly Breakage[], words: readonly string[]): Breakage[] {
  return breakages.filter(({ breaks, does, file, tests }) => {
    const text = ` ${breaks} ${does} ${file} ${tests.join(' ')} `;
    return words.every((word) => new RegExp(`${RegExp.escape(word)}(?!\\d)`).test(text));
  });
}
