import { describe, expect, test } from 'bun:test';
import { testServers } from '../../db/testing/servers.ts';
import { readChanges } from './changes.fixture.ts';
import { REFUSED } from './left-out.fixture.ts';
import { openWalk } from './walk.fixture.ts';

/** Run by `bun run walk:settings`, never with the other tests: it takes hours. */
const HOURS = 12 * 3600 * 1000;

for (const server of testServers()) {
  describe(`settings of server ${server}, one at a time`, () => {
    for (const way of ['database', 'role'] as const)
      test(
        `promise 2: with any one setting of the ${way} at any other value, all is exact, or the run refuses by its name`,
        async () => {
          await using walk = await openWalk(server);
          const found: string[] = [];
          for (const change of await readChanges(walk.database)) {
            const wrong = await walk.tried([change], way);
            const refused = REFUSED.includes(change.name) && wrong.every((text) => text.includes(change.name));
            if (!refused) found.push(...wrong.map((text) => `${change.name} = ${change.value} → ${text}`));
          }
          expect(found).toEqual([]);
        },
        HOURS,
      );
  });
}
