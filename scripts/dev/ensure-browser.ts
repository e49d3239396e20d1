import { BROWSER_PACKAGES, findBrowser, NAMED_BROWSER } from './panel/browser-path.ts';

/** Environment in which apt asks nothing and starts no service. */
const QUIETLY = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };

/**
 * Ensures that the panel's tests have a browser: installs Debian's where possible. Where it is not, says so; the tests are then skipped,
 * and fail in CI. Runs before anything of the project is installed, and imports no package.
 */
async function ensureBrowser(): Promise<void> {
  if (findBrowser() !== null) return;
  if (NAMED_BROWSER === null && process.getuid?.() === 0 && Bun.which('apt-get')) {
    console.log('Installing Chromium from the packages of the system.');
    await run('apt-get', 'update', '-qq');
    for (const name of BROWSER_PACKAGES) {
      await run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', name);
      if (findBrowser() !== null) return;
    }
  }
  const lacking = NAMED_BROWSER === null ? 'no Chromium' : `no ${NAMED_BROWSER}`;
  console.log(`NOT TESTED: the panel. There is ${lacking}; install Chromium, or name one with CHROMIUM.`);
}

async function run(...words: string[]): Promise<void> {
  const child = Bun.spawn(words, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...QUIETLY } });
  await child.exited;
}

if (import.meta.main) await ensureBrowser();
