import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SESSION_SETTINGS } from '../../db/connect/session-settings.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { byHand, inSession } from './outcome.fixture.ts';
import { PROOF_SQL, PROOFS } from './proofs.fixture.ts';
import { dropTablespace, makeTablespace } from './tablespace.fixture.ts';

test('promise 2: every line of the list of settings has a proof of what it is there for', () => {
  expect(Object.keys(PROOFS).sort()).toEqual(SESSION_SETTINGS.map(({ name }) => name).sort());
});

for (const server of testServers()) {
  describe(`the list of settings on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server, owner: 'settings_walk' });
      await makeTablespace(database, 'settings_walk');
      await database.admin('CREATE ACCESS METHOD proof_heap TYPE TABLE HANDLER heap_tableam_handler');
      await database.query(PROOF_SQL);
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
      await dropTablespace(server);
    });

    for (const [turn, { name, since }] of SESSION_SETTINGS.entries()) {
      const proof = PROOFS[name];
      if (!proof || (since ?? 0) > Number(server) * 10_000) continue;
      const without = SESSION_SETTINGS.filter((setting) => setting.name !== name);
      const ways = [
        ...(proof.onlyByHand ? [] : [{ way: 'a session', outcome: inSession }]),
        ...(proof.notByHand || proof.before ? [] : [{ way: 'restore.sql', outcome: byHand }]),
      ];
      // Both ways run the same list: one server shows each line in both, the other each line in one of them, by turns.
      for (const { way, outcome } of server === '18' || ways.length === 1 ? ways : ways.slice(turn % 2, (turn % 2) + 1))
        test(`promise 2: another ${name} does no harm to ${way}; without its line: ${proof.breaks}`, async () => {
          const under = async (value: string | null, settings: typeof without) => {
            if (proof.before) await database.admin(proof.before);
            if (value !== null) await database.admin(`ALTER DATABASE ${database.name} SET ${name} = '${value}'`);
            const found = await outcome(database, proof, settings);
            await database.admin(`ALTER DATABASE ${database.name} RESET ALL`);
            return found;
          };
          const good = await under(null, SESSION_SETTINGS);
          expect(await under(proof.value, SESSION_SETTINGS)).toEqual(good);
          expect(await under(proof.value, without)).not.toEqual(good);
        });
    }
  });
}
