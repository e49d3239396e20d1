/** What a report of `bun test` (JUnit XML) says in numbers. A text that is no report counts nothing. */
export function countTests(junit: string): { passed: number; failed: number; skipped: number } {
  const attributes = /<testsuites\b([^>]*)>/.exec(junit)?.[1] ?? '';
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}
