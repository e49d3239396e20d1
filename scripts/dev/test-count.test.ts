import { expect, test } from 'bun:test';
import { countRun, countTests, fileTimes, slowestFiles } from './test-count.ts';

test('countTests() takes failures, errors and left-out tests from those that passed', () => {
  const report =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="12" assertions="40" failures="2" errors="1" skipped="3" time="1.5">';
  expect(countTests(report)).toEqual({ passed: 6, failed: 3, skipped: 3 });
});

test('countTests() counts nothing in a text that is no report', () => {
  expect(countTests('')).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

test('countRun() counts a run that died as failed, also one that said nothing, and not one that had nothing to do', () => {
  const report = '<testsuites name="bun test" tests="5" failures="0" errors="0" skipped="1">';
  expect(countRun(0, report, false)).toEqual({ passed: 4, failed: 0, skipped: 1 });
  expect(countRun(1, report, false)).toEqual({ passed: 4, failed: 1, skipped: 1 });
  expect(countRun(1, report.replace('failures="0"', 'failures="2"'), true).failed).toBe(2);
  expect(countRun(0, null, false).failed).toBe(1);
  expect(countRun(0, null, true).failed).toBe(0);
  expect(countRun(137, null, true).failed).toBe(1);
});

test('fileTimes() takes the time of each file, and of its groups none again', () => {
  const report = `<testsuites name="bun test" tests="3" time="9">
  <testsuite name="web/a.test.tsx" file="web/a.test.tsx" tests="2" failures="0" skipped="0" time="2.5" hostname="vm">
    <testsuite name="a group" file="web/a.test.tsx" line="5" tests="2" failures="0" skipped="0" time="2.25" hostname="vm">
      <testcase name="one" classname="a group" time="2" file="web/a.test.tsx" line="6" assertions="1" />
    </testsuite>
  </testsuite>
  <testsuite name="db/b.test.ts" file="db/b.test.ts" tests="1" failures="0" skipped="0" time="12.04" hostname="vm">
  </testsuite>
</testsuites>`;
  expect(fileTimes(report)).toEqual([
    { file: 'web/a.test.tsx', seconds: 2.5 },
    { file: 'db/b.test.ts', seconds: 12.04 },
  ]);
  expect(fileTimes('')).toEqual([]);
});

test('slowestFiles() names the slowest first, and no more than asked for', () => {
  const times = Array.from({ length: 12 }, (_, index) => ({ file: `${index}.test.ts`, seconds: index }));
  expect(slowestFiles(times)).toHaveLength(10);
  expect(slowestFiles(times, 2)).toEqual(['   11.0 s  11.test.ts', '   10.0 s  10.test.ts']);
});
