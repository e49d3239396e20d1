import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { setBreakpoint, signalBackends } from '../../testing/faults.fixture.ts';
import type { BREAKPOINTS } from '../../testing/library.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

const STEPS: (keyof typeof BREAKPOINTS)[] = ['stage', 'apply', 'indexes', 'links', 'sequences', 'record'];
const WORKING = 'palace-backup restore ________-____-____-____-____________';
const WHO = [
  { name: 'its working sessions', pattern: WORKING },
  { name: 'the session that holds its locks', pattern: 'palace-backup restore % ctl' },
  { name: 'all its sessions', pattern: 'palace-backup restore %' },
];

/** Number of faults: the sessions that are ended, a cancelled statement, and the signal. */
const FAULTS = WHO.length + 2;

describe.each(testServers())('on PostgreSQL %s', (server) => {
  let library: TestLibrary;
  beforeAll(async () => {
    library = await testLibrary({ server });
  });
  afterAll(() => library[Symbol.asyncDispose]());

  // Each step with each fault on one server; on the other each step, and each fault, at least once.
  const everywhere = server === '18';
  for (const [turn, step] of STEPS.entries()) {
    const met = (fault: number) => everywhere || turn % FAULTS === fault;
    describe(`a restore at the step "${step}"`, () => {
      for (const { name, pattern } of WHO.filter((_, at) => met(at))) {
        test(`says CONNECTION_LOST and leaves nothing behind when the server ends ${name}`, async () => {
          await using breakpoint = await setBreakpoint(library.database, step);
          const restore = rejection(library.restore());
          await breakpoint.reached();
          expect(await signalBackends(library.database, 'pg_terminate_backend', pattern)).toBeGreaterThan(0);
          const error = await restore;
          await breakpoint.resume();
          // The session that loses the locks stops the restore, and its error is the one reported.
          const words = pattern === WORKING ? /lost .*Nothing was changed\.$/ : /lost/;
          expect([error.code, error.message]).toEqual(['CONNECTION_LOST', expect.stringMatching(words)]);
          await expectUntouched(library, 'failed');
        });
      }

      if (met(WHO.length))
        test('says so and leaves nothing behind when its statement is cancelled by somebody', async () => {
          await using breakpoint = await setBreakpoint(library.database, step);
          const restore = rejection(library.restore());
          await breakpoint.reached();
          // A sequence is not waited for: it is requested again and again, with pauses in which no statement runs.
          let over = false;
          void restore.then(() => (over = true));
          for (; !over; await Bun.sleep(5)) await signalBackends(library.database, 'pg_cancel_backend', WORKING);
          const error = await restore;
          await breakpoint.resume();
          expect(error.code).toBe('CANCELLED');
          expect(error.message).toMatch(/^The database cancelled a statement .*Nothing was changed\.$/);
          await expectUntouched(library, 'cancelled');
        });

      if (met(WHO.length + 1))
        test('can be cancelled, and leaves nothing behind', async () => {
          await using breakpoint = await setBreakpoint(library.database, step);
          const cancel = new AbortController();
          const restore = rejection(library.restore({ signal: cancel.signal }));
          await breakpoint.reached();
          cancel.abort();
          const error = await restore;
          await breakpoint.resume();
          expect(error.code).toBe('CANCELLED');
          await expectUntouched(library, 'cancelled');
        });
    });
  }

  test('a restore after all these goes through', async () => {
    await library.restore();
    expect(await library.state()).toBe(library.archived);
    expect(await library.leftovers()).toEqual([]);
  });
});

async function expectUntouched(library: TestLibrary, recorded: string): Promise<void> {
  expect(await library.state()).toBe(library.changed);
  expect(await library.leftovers()).toEqual([]);
  expect((await library.records()).at(-1)).toBe(`restore ${recorded}`);
}
