import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lighthouse from 'lighthouse';
import { freePort } from '../../../db/embedded/free-port.ts';
import { AppError } from '../../../server/core/errors.ts';
import { startProfile } from './browser.ts';
import { enterPanel } from './sign-in.ts';

export const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Lighthouse's result for one page. */
export interface Audit {
  /** 0 to 100. */
  scores: Partial<Record<Category, number>>;
  /** Findings that cost points, one line each. */
  faults: string[];
}

/** Lighthouse in a browser of its own, with no session until it signs in. */
export interface Auditor extends AsyncDisposable {
  signIn(who: { email: string; password: string }): Promise<void>;
  /** Loads a page and judges it. Throws UNEXPECTED when it cannot be loaded. */
  audit(path: string, categories: readonly Category[]): Promise<Audit>;
}

export async function openAuditor(url: string, on: 'desktop' | 'phone' = 'desktop'): Promise<Auditor> {
  await using stack = new AsyncDisposableStack();
  const profile = await mkdtemp(join(tmpdir(), 'palace-audit-'));
  stack.defer(() => rm(profile, { recursive: true, force: true }));
  const port = await freePort();
  const browser = await startProfile(profile, port);
  stack.defer(() => browser.close());
  const owned = stack.move();
  return {
    async signIn(who) {
      const page = await browser.newPage();
      await enterPanel(page, url, who);
      await page.close();
    },
    async audit(path, categories) {
      const flags = {
        port,
        output: 'json' as const,
        logLevel: 'silent' as const,
        onlyCategories: [...categories],
        // Keeps the session.
        disableStorageReset: true,
        // Nobody looks at the picture, and no score depends on it.
        disableFullPageScreenshot: true,
        ...(on === 'desktop' && DESKTOP),
      };
      const result = (await lighthouse(new URL(path, url).href, flags))?.lhr;
      if (!result || result.runtimeError) {
        throw new AppError(
          'UNEXPECTED',
          `Lighthouse could not load ${path}: ${result?.runtimeError?.message ?? 'no result'}.`,
        );
      }
      const scores = Object.fromEntries(
        categories.map((category) => [category, Math.round((result.categories[category]?.score ?? 0) * 100)]),
      );
      const counted = categories.flatMap((category) => result.categories[category]?.auditRefs ?? []);
      const lost = counted.filter(({ id, weight }) => weight > 0 && (result.audits[id]?.score ?? 1) < 1);
      const faults = lost.map(
        ({ id }) => `${id}: ${result.audits[id]?.title ?? ''} ${result.audits[id]?.displayValue ?? ''}`,
      );
      return { scores, faults: faults.map((fault) => fault.trim()) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A desktop's window, network and processor, as Lighthouse itself describes them; without them it simulates a slow phone. */
const DESKTOP = {
  formFactor: 'desktop' as const,
  screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false },
  throttling: {
    rttMs: 40,
    throughputKbps: 10_240,
    cpuSlowdownMultiplier: 1,
    requestLatencyMs: 0,
    downloadThroughputKbps: 0,
    uploadThroughputKbps: 0,
  },
};
