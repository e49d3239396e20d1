import { expect, test } from 'bun:test';
import { judge } from './goals.ts';
import { renderMemory, renderReport } from './report.ts';
import { summarise } from './statistics.ts';

const where = {
  date: '2026-11-23T09:08:04.000Z',
  cores: 2,
  processor: 'Some CPU',
  memoryBytes: 24e9,
  postgres: '15.9',
  locale: 'C',
  settings: { fsync: 'on', shared_buffers: '256MB' },
  runtime: 'Bun 1.4.5',
  rows: 2_800_123,
  copyBytes: 866e6,
  rounds: 3,
};
const ours = summarise('backup-zstd', 'ours: backup, zstd', [
  { seconds: 4, wallSeconds: 6.125, size: 184e6, peakRss: 150e6 },
  { seconds: 5, wallSeconds: 7, size: 184e6, peakRss: 151e6 },
]);
const theirs = summarise('dump-c', 'pg_dump -Fc', [{ seconds: 16.2, size: 205e6, peakRss: null }]);

test('renderReport() says what was measured on what, and lines its numbers up', () => {
  expect(renderReport(where, [theirs, ours], [])).toEqual([
    '2026-11-23 09:08:04 UTC, 2 cores (Some CPU), 24 GB of memory, Bun 1.4.5',
    'PostgreSQL 15.9, locale C, fsync on, shared_buffers 256MB',
    '2,800,123 rows, 866 MB of COPY text, 3 rounds, two jobs for everybody',
    '',
    '                    median s    min–max s  process s   MB  peak RSS MB  MB rows/s  locked s',
    'pg_dump -Fc            16.20  16.20–16.20          –  205            –          –         –',
    'ours: backup, zstd      4.50    4.00–5.00       6.56  184          151          –         –',
  ]);
});

test('renderReport() says of each goal what was reached, what was wanted, and whether that is enough', () => {
  const verdicts = judge(
    [
      { of: 'backup-zstd', says: 'size', kind: 'size', against: 'dump-c', most: 0.95 },
      { of: 'backup-zstd', says: 'time', kind: 'time', against: 'dump-c', most: 0.2 },
      { of: 'backup-zstd', says: 'memory', kind: 'memory', most: 100e6, aim: true },
    ],
    [ours, theirs],
  );
  expect(renderReport(where, [], verdicts).slice(-4)).toEqual([
    'goal    reached     wanted',
    'size    0.898 ×  ≤ 0.950 ×  met',
    'time    0.278 ×  ≤ 0.200 ×  MISSED',
    'memory      151      ≤ 100  not yet (an aim)',
  ]);
});

test('renderMemory() shows memory and no times', () => {
  expect(renderMemory(where, [ours]).at(-1)).toBe('ours: backup, zstd          151');
});

test('renderReport() shows how soon answers came where some were waited for, in milliseconds', () => {
  const server = summarise('server-get', 'our server', [{ seconds: 3, answerTimes: [1, 2.25, 40] }]);
  const verdicts = judge([{ of: 'server-get', says: 'median', kind: 'latency', most: 20 }], [server]);
  expect(renderReport(where, [theirs, server], verdicts).slice(-6)).toEqual([
    '',
    '            answers  median ms  p99 ms  most ms',
    'our server        3        2.3    40.0     40.0',
    '',
    'goal    reached  wanted',
    'median      2.3  ≤ 20.0  met',
  ]);
});
