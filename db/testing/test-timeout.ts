/**
 * Milliseconds after which a hanging test ends. On two processors with nine processes each, the longest test without a limit of its own
 * took half of it.
 */
export const TEST_TIMEOUT_MS = 60_000;
