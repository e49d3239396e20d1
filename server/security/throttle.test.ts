import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { openRecords } from '../../db/system/records.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type TestRecords, testRecords } from '../../db/testing/records.fixture.ts';
import { addressGroup } from './address-group.ts';
import { createThrottle } from './throttle.ts';

let database: TestRecords;
beforeAll(async () => {
  database = await testRecords();
});
afterAll(() => database[Symbol.asyncDispose]());

const replica = () => createThrottle({ records: database.records });

test('replicas count together, exactly, also for many at once', async () => {
  const [one, two] = [replica(), replica()];
  const consumed = await Promise.allSettled(
    Array.from({ length: 50 }, (_, at) => (at % 2 ? one : two).consume('create', 'maria')),
  );
  expect(consumed.filter((outcome) => outcome.status === 'fulfilled').length).toBe(30);
  const refused = await rejection(two.consume('create', 'maria'));
  expect(refused.code).toBe('RATE_LIMITED');
  expect(refused.details?.retryAfterSeconds).toBeWithin(1, 61);
  await two.consume('create', 'somebody else');
  await two.consume('bytes', 'maria');
});

test('whoever hammers on is refused without a statement', async () => {
  const throttle = replica();
  for (let n = 0; n < 30; n += 1) await throttle.consume('create', 'hammer');
  const points = async () =>
    (
      await database.query<{ points: number }>(
        `SELECT points FROM backup_system.rate_limits WHERE key LIKE 'create%' ORDER BY expire DESC LIMIT 1`,
      )
    )[0]?.points;
  const before = await points();
  for (let n = 0; n < 20; n += 1) await rejection(throttle.consume('create', 'hammer'));
  expect(await points()).toBe(before);
});

test('each further lock is twice as long, up to a quarter of an hour', async () => {
  const throttle = replica();
  const locks: unknown[] = [];
  for (let round = 0; round < 6; round += 1) {
    for (let n = 0; n < 5; n += 1) await throttle.consume('signInAccount', 'grow@palace.example');
    locks.push((await rejection(throttle.consume('signInAccount', 'grow@palace.example'))).details?.retryAfterSeconds);
    expect((await rejection(replica().consume('signInAccount', 'grow@palace.example'))).code).toBe('RATE_LIMITED');
    // Lets the lock expire.
    await database.query(`UPDATE backup_system.rate_limits SET expire = 1 WHERE key LIKE 'signInAccount:%'`);
  }
  expect(locks).toEqual([60, 120, 240, 480, 900, 900]);
  await throttle.reset('signInAccount', 'grow@palace.example');
  for (let n = 0; n < 5; n += 1) await throttle.consume('signInAccount', 'grow@palace.example');
  expect((await rejection(throttle.consume('signInAccount', 'grow@palace.example'))).details).toEqual({
    retryAfterSeconds: 60,
  });
});

test('a point given back can be consumed again', async () => {
  const throttle = replica();
  for (let n = 0; n < 20; n += 1) {
    await throttle.consume('stepUp', 'maria');
    await throttle.refund('stepUp', 'maria');
  }
});

test('keys are kept as hashes, whatever they hold and however long they are', async () => {
  const throttle = replica();
  for (const key of ['secret@palace.example', '\0', '\ud800', 'x'.repeat(100_000)])
    await throttle.consume('public', key);
  const rows = await database.query<{ key: string }>('SELECT key FROM backup_system.rate_limits');
  expect(rows.some((row) => row.key.includes('secret'))).toBe(false);
  expect(Math.max(...rows.map((row) => row.key.length))).toBeLessThan(100);
});

test('while the database does not answer, this process counts alone', async () => {
  const gone = openRecords('postgres://nobody:nothing@127.0.0.1:1/none');
  try {
    const throttle = createThrottle({ records: gone.records });
    for (let n = 0; n < 5; n += 1) await throttle.consume('signInAccount', 'maria');
    expect((await rejection(throttle.consume('signInAccount', 'maria'))).code).toBe('RATE_LIMITED');
  } finally {
    await gone.close();
  }
});

test('addressGroup() takes the network of an IPv6 address, and IPv4 however it is written', () => {
  expect(addressGroup('2001:db8:1:2:aaaa::1')).toBe(addressGroup('2001:db8:1:2:bbbb::2'));
  expect(addressGroup('2001:db8:1:3::1')).not.toBe(addressGroup('2001:db8:1:2::1'));
  expect(addressGroup('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(addressGroup('this machine')).toBe('this machine');
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => addressGroup(text).length >= 0));
});

test('counting waits for no disk, nor does locking', async () => {
  await database.query(`
    CREATE TABLE public.commits (mode text);
    CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON backup_system.rate_limits
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.note_commit();
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$`);
  // A connection of its own: test servers never wait for the disk, and the setting is read when a connection begins.
  const own = openRecords(database.url, { connections: 1 });
  try {
    const throttle = createThrottle({ records: own.records });
    for (let n = 0; n < 10; n += 1) await throttle.consume('breakGlass', 'unhurried');
    await rejection(throttle.consume('breakGlass', 'unhurried'));
    expect(await database.query('SELECT DISTINCT mode FROM public.commits')).toEqual([{ mode: 'off' }]);
  } finally {
    await own.close();
    await database.query('DROP TRIGGER at_commit ON backup_system.rate_limits; DROP TABLE public.commits');
  }
});
