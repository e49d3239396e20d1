import type { AppEnv } from '../api/context.ts';

/** A connection that stays open and is never cut, for servers of tests that do not measure time. */
export const OPEN_CONNECTION: AppEnv['Variables']['connection'] = {
  disableTimeout: () => undefined,
  restoreTimeout: () => undefined,
  isOpen: () => true,
  cut: () => undefined,
  encrypted: false,
};
