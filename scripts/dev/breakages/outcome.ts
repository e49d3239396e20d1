import { countTests } from '../test-count.ts';

/** Verdict of the tests near a breakage. */
export type Outcome =
  | { kind: 'found'; by: string }
  | { kind: 'survived' }
  /** They fail of the program as it is. */
  | { kind: 'failing without it'; by: string }
  /** No test ran to its end: that says nothing of the breakage. */
  | { kind: 'did not run' };

/** Reads the outcome from how `bun test` ended and from its report (JUnit XML), which is null where it left none. */
export function outcomeOf(exitCode: number, report: string | null): Exclude<Outcome, { kind: 'failing without it' }> {
  const { passed, failed } = countTests(report ?? '');
  if (report !== null && failed > 0) return { kind: 'found', by: firstFailure(report) };
  return exitCode === 0 && passed > 0 ? { kind: 'survived' } : { kind: 'did not run' };
}

/** Returns the name of the first test that failed; what fails around the tests has none. */
function firstFailure(report: string): string {
  const attributes = /<testcase ([^>]*[^/>])>\s*<failure/.exec(report)?.[1] ?? '';
  return unescaped(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '(unnamed)');
}

const CHARACTERS: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };

function unescaped(text: string): string {
  return text.replaceAll(/&(quot|apos|lt|gt|amp);/g, (whole, name: string) => CHARACTERS[name] ?? whole);
}
