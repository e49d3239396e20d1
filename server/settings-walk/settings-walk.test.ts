import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { testServers } from '../../db/testing/servers.ts';
import { readChanges, rounds, unknownSettings } from './changes.fixture.ts';
import { CAPPED, CHOICES, LEFT_OUT, REFUSED } from './left-out.fixture.ts';
import { openWalk, WAYS, type Walk } from './walk.fixture.ts';

/** Hundreds of settings at once, so that the walk takes seconds; `bun run walk:settings` takes every value alone. */
const ROUNDS = 4;

for (const server of testServers()) {
  describe(`settings of server ${server}`, () => {
    let walk: Walk;
    beforeAll(async () => {
      walk = await openWalk(server);
    });
    afterAll(() => walk?.[Symbol.asyncDispose]());

    test('every setting a role or a database may have is walked, or left out with a reason', async () => {
      expect(await unknownSettings(walk.database)).toEqual([]);
      const reasons = [...Object.values(LEFT_OUT), ...Object.values(CAPPED).map(({ why }) => why)];
      expect(reasons.every((reason) => reason.length > 10)).toBe(true);
      expect(Object.keys(LEFT_OUT).filter((name) => name in CHOICES || name in CAPPED)).toEqual([]);
    });

    test('promise 2: with every setting at another value, backup, restore and restore by hand are exact', async () => {
      const changes = (await readChanges(walk.database)).filter(({ name }) => !REFUSED.includes(name));
      for (const [index, round] of rounds(changes, ROUNDS).entries()) {
        const way = WAYS[index % WAYS.length] ?? 'both';
        const wrong = await walk.tried(round, way);
        expect(wrong).toEqual([]);
      }
    });

    test('promise 2: a setting that an ordinary role may not set back ends each run before anything is read or changed, and is named', async () => {
      for (const change of await readChanges(walk.database)) {
        if (!REFUSED.includes(change.name) || change.value === 'local') continue;
        const wrong = await walk.tried([change], 'role');
        expect(wrong.map((text) => text.split(':')[0])).toEqual(['backup', 'restore', 'by hand']);
        expect(wrong.filter((text) => !text.includes(change.name))).toEqual([]);
      }
    });
  });
}
