import { createMemoryStorage } from './memory.ts';
import { storageSuite } from './storage.suite.ts';

storageSuite('memory', async () => {
  let ticks = 0;
  return createMemoryStorage(() => new Date(Date.now() + ticks++));
});
