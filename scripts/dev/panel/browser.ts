import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { findBrowser } from './browser-path.ts';

/** Whoever starts the browser ends it, also after Ctrl-C: by default Playwright would end the process before any clean-up. */
const SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns true when this machine has the browser. */
export function browserIsHere(): boolean {
  return findBrowser() !== null;
}

/** Starts the browser without a window. `more`: switches of its command line. */
export function startBrowser(more: string[] = []): Promise<Browser> {
  return chromium.launch({ ...launchOptions(), args: [...SWITCHES, ...more] });
}

/** Starts it with a profile in a folder, for programs that connect to its debugging port. */
export function startProfile(folder: string, port: number): Promise<BrowserContext> {
  const args = [...SWITCHES, `--remote-debugging-port=${port}`];
  return chromium.launchPersistentContext(folder, { ...launchOptions(), args });
}

function launchOptions() {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('This machine has no browser; ask browserIsHere() first.');
  return { ...SIGNALS, executablePath };
}
