/**
 * Milliseconds after which a hanging test ends. Where six runs share two processors, tests with two servers have taken
 * more than a minute without hanging.
 */
export const TEST_TIMEOUT_MS = 120_000;
