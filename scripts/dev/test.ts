import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTestServers, startTestServer, stopTestServers, testServers } from '../../db/testing/servers.ts';
import { TEST_TIMEOUT_MS } from '../../db/testing/test-timeout.ts';
import { countRun, type FileTime, fileTimes, slowestFiles } from './test-count.ts';
import { memoryFolder } from './test-folder.ts';
import { type TestRun, testRuns } from './test-runs.ts';

const ROOT = join(import.meta.dir, '../..');
/** Number of parallel test files. Tests wait a quarter of their time, so one more than there are processors keeps all of these busy. */
const CONCURRENCY = Math.min(availableParallelism() + 1, 4);

/**
 * Starts the test servers once, runs `bun test` with the words given, stops the servers, and ends with the slowest files and the line
 * `N passed, N failed`. Runs several files in parallel, independent of each other; those that measure come afterwards, alone. A process that
 * dies in the middle of a file is a failure of that file, and a run that dies without a report counts as one.
 */
async function runTests(words: string[]): Promise<number> {
  const servers = testServers();
  if (!servers.includes('15'))
    console.log('NOT TESTED: this machine has no PostgreSQL of its own, only the embedded 18 is used.');
  const memory = await memoryFolder(ROOT);
  const folder = await mkdtemp(join(memory ?? tmpdir(), 'backup-tests-'));
  await chmod(folder, 0o1777);
  const given: Record<string, string> = { TMPDIR: folder };
  for (const server of servers)
    given[`TEST_PG${server}_URL`] = (await startTestServer(server, memory ?? undefined)).adminUrl();
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const times: FileTime[] = [];
  try {
    for (const run of testRuns(words, CONCURRENCY)) {
      const { passed, failed, skipped, files } = await runOnce(run, join(folder, `${run.name}.xml`), given);
      times.push(...files);
      sum.passed += passed;
      sum.failed += failed;
      sum.skipped += skipped;
    }
    if (sum.skipped > 0)
      console.log(
        `NOT TESTED: ${sum.skipped} tests do not apply to this machine or user, or lack a program they need.`,
      );
    console.log(['The slowest files:', ...slowestFiles(times)].join('\n'));
    console.log(`${sum.passed} passed, ${sum.failed} failed`);
    return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await stopTestServers();
    if (memory !== null) await removeTestServers(memory);
  }
}

async function runOnce({ words, mayFindNothing }: TestRun, report: string, given: Record<string, string>) {
  const reporting = ['--reporter=junit', `--reporter-outfile=${report}`];
  const child = Bun.spawn([process.execPath, 'test', ...words, `--timeout=${TEST_TIMEOUT_MS}`, ...reporting], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...given },
  });
  const exitCode = await child.exited;
  const said = await readFile(report, 'utf8').catch(() => null);
  return { ...countRun(exitCode, said, mayFindNothing), files: fileTimes(said ?? '') };
}

if (import.meta.main) {
  const code = await runTests(process.argv.slice(2));
  process.exit(code);
}
