import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, stopTestServers, testServers } from '../db/testing-servers.ts';
import { countTests } from './test-count.ts';

/** A test that hangs ends; one that is slow on a busy machine does not fail. */
const TEST_TIMEOUT_MS = 120_000;

/**
 * Starts the test servers once, runs `bun test` with the words given, stops the servers, and ends with the line `N passed, N failed`.
 * A run that dies without a report counts as one failure.
 */
async function runTests(words: string[]): Promise<number> {
  const servers = testServers();
  if (!servers.includes('15'))
    console.log('NOT TESTED: this machine has no PostgreSQL of its own, only the embedded 18 is used.');
  const addresses: Record<string, string> = {};
  for (const server of servers) addresses[`TEST_PG${server}_URL`] = (await startTestServer(server)).adminUrl();

  const folder = await mkdtemp(join(tmpdir(), 'palace-test-'));
  const report = join(folder, 'junit.xml');
  try {
    const reporting = ['--reporter=junit', `--reporter-outfile=${report}`];
    const child = Bun.spawn([process.execPath, 'test', ...words, `--timeout=${TEST_TIMEOUT_MS}`, ...reporting], {
      cwd: join(import.meta.dir, '..'),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...addresses },
    });
    const exitCode = await child.exited;
    const { passed, failed, skipped } = countTests(await readFile(report, 'utf8').catch(() => ''));
    const broken = exitCode !== 0 && failed === 0 ? 1 : failed;
    if (skipped > 0)
      console.log(`NOT TESTED: ${skipped} tests do not apply to this machine or user, or lack a program they need.`);
    console.log(`${passed} passed, ${broken} failed`);
    return exitCode === 0 && broken === 0 && passed > 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await stopTestServers();
  }
}

if (import.meta.main) {
  const code = await runTests(process.argv.slice(2));
  process.exit(code);
}
