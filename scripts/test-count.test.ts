import { expect, test } from 'bun:test';
import { countTests } from './test-count.ts';

test('countTests() takes failures, errors and left-out tests from those that passed', () => {
  const report =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="12" assertions="40" failures="2" errors="1" skipped="3" time="1.5">';
  expect(countTests(report)).toEqual({ passed: 6, failed: 3, skipped: 3 });
});

test('countTests() counts nothing in a text that is no report', () => {
  expect(countTests('')).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
