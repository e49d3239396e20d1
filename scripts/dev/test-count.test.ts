import { expect, test } from 'bun:test';
import { countRun, countTests } from './test-count.ts';

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
