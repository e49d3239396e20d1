import { afterAll, setDefaultTimeout } from 'bun:test';
import { TEST_TIMEOUT_MS } from './test-timeout.ts';

// Tests against real servers take longer than five seconds on a busy machine. Applies to the first file only; the test command sets it for
// all.
setDefaultTimeout(TEST_TIMEOUT_MS);

/**
 * Releases test servers that a test file run by hand has started, since `bun test` announces its end in no other way. Loaded before every
 * test file (bunfig.toml). Does nothing when the test command started them.
 */
afterAll(async () => {
  const { stopTestServers } = await import('./servers.ts');
  await stopTestServers();
});
