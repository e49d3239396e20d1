/** Counts the tests in a report of `bun test` (JUnit XML). A text that is no report counts nothing. */
export function countTests(junit: string): { passed: number; failed: number; skipped: number } {
  const attributes = /<testsuites\b([^>]*)>/.exec(junit)?.[1] ?? '';
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}

/**
 * Counts the tests of a run, with its exit. A run that dies is a failure even when its report is all right: a test that ends the process
 * leaves no report. Only a run that may find no file may leave none.
 */
export function countRun(
  exitCode: number,
  report: string | null,
  mayFindNothing: boolean,
): ReturnType<typeof countTests> {
  const counted = countTests(report ?? '');
  const died = exitCode !== 0 || (report === null && !mayFindNothing);
  return { ...counted, failed: died && counted.failed === 0 ? 1 : counted.failed };
}

/** A test file and the time it took, its preparation included. */
export interface FileTime {
  file: string;
  seconds: number;
}

/** Returns the time of every file in a report of `bun test`. A file holds its groups, whose times are part of its own. */
export function fileTimes(junit: string): FileTime[] {
  return [...junit.matchAll(/<testsuite name="([^"]+)" file="\1"[^>]* time="([\d.]+)"/g)].map(
    ([, file = '', seconds]) => ({ file, seconds: Number(seconds) }),
  );
}

/** Returns lines that name the slowest files, the slowest first. */
export function slowestFiles(times: readonly FileTime[], count = 10): string[] {
  const slowest = times.toSorted((one, other) => other.seconds - one.seconds).slice(0, count);
  return slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file}`);
}
