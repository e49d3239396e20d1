import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { bigserial, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const MODEL = modelFromSchema({
  goods: pgTable('goods', { id: integer('id').primaryKey(), label: text('label') }),
  journal: pgTable('journal', { id: bigserial('id', { mode: 'number' }).primaryKey(), what: text('what') }),
});

/** SQL of the tables. `elsewhere` is no table of the backup: writes there are its owner's business. */
const SETUP = `
  CREATE TABLE goods (id integer PRIMARY KEY, label text);
  CREATE INDEX goods_label ON goods (label);
  CREATE TABLE journal (id bigserial PRIMARY KEY, what text);
  CREATE TABLE elsewhere (what text)`;
const ROWS = `
  INSERT INTO goods SELECT n, 'label ' || n FROM generate_series(1, 50) n;
  INSERT INTO journal (what) SELECT 'entry ' || n FROM generate_series(1, 50) n`;
/** SQL for the changes since the backup, from whatever state a test has left. */
const SINCE = `
  TRUNCATE goods, journal, elsewhere RESTART IDENTITY; ${ROWS};
  UPDATE goods SET label = 'changed' WHERE id = 1; DELETE FROM goods WHERE id = 2;
  INSERT INTO journal (what) VALUES ('later')`;

/** Bodies of an event trigger's function. All of them change restored tables or sequences, most without changing a row count. */
const WRITERS = {
  'adds a row': `INSERT INTO public.journal (what) VALUES ('set off')`,
  'adds a row with an id of its own': `INSERT INTO public.journal VALUES (-1, 'set off') ON CONFLICT DO NOTHING`,
  'removes a row': `DELETE FROM public.goods WHERE id = (SELECT max(id) FROM public.goods)`,
  'changes a row': `UPDATE public.goods SET label = label || '!' WHERE id = (SELECT max(id) FROM public.goods)`,
  'takes one row for another': `DELETE FROM public.goods WHERE id = (SELECT max(id) FROM public.goods); INSERT INTO public.goods SELECT coalesce(max(id), 0) + 1000, 'set off' FROM public.goods`,
  'empties a table': `TRUNCATE public.journal`,
  'draws from a sequence': `PERFORM pg_catalog.nextval('public.journal_id_seq')`,
  'changes storage options': `IF current_setting('set.off', true) IS DISTINCT FROM 'on' THEN PERFORM set_config('set.off', 'on', true); ALTER TABLE public.goods SET (fillfactor = 50); PERFORM set_config('set.off', 'off', true); END IF`,
  'sets a sequence': `PERFORM pg_catalog.setval('public.journal_id_seq', 7000)`,
};
/** Condition for commands that only the change of live tables runs, so that nothing before it could detect the trigger. Sequences are held earlier. */
const ON_LIVE_ONLY = `IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger_ddl_commands() c WHERE c.schema_name = 'public' AND c.object_type <> 'sequence') THEN RETURN; END IF;`;

/** Every write on every event, and a selection in which each write and each event occurs. */
const EVENTS = ['ddl_command_start', 'ddl_command_end', 'sql_drop'];
const EVERY_WRITE = Object.entries(WRITERS).flatMap(([what, body]) => EVENTS.map((event) => ({ what, body, event })));
const COVERING_WRITES = EVERY_WRITE.filter((_, index) => index % (EVENTS.length + 1) === 0);

for (const server of testServers()) {
  describe(`what a restore sets off, on server ${server}`, () => {
    let database: TestDatabase;
    let made: MadeBackup;
    const everything = async () => [
      await contentOf(database),
      await catalogOf(database),
      await sequencesOf(database),
      await database.admin(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`),
    ];
    const ownTables = () =>
      database.admin(`SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('backup_system')`);
    const eventTrigger = (event: string, body: string) =>
      database.admin(`
        CREATE FUNCTION set_off() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET session_replication_role = 'origin' AS $f$ BEGIN ${body}; END $f$;
        CREATE EVENT TRIGGER "Set off" ON ${event} EXECUTE FUNCTION set_off()`);
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(`${SETUP}; ${ROWS}`);
      made = await backupOf(database, MODEL);
    });
    beforeEach(async () => {
      await database.admin(
        `DROP EVENT TRIGGER IF EXISTS "Set off"; DROP FUNCTION IF EXISTS set_off; ALTER DATABASE ${database.name} RESET ALL`,
      );
      await database.query(SINCE);
    });
    afterAll(() => database[Symbol.asyncDispose]());

    for (const { what, body, event } of server === '18' ? EVERY_WRITE : COVERING_WRITES)
      test(`promise 5: an event trigger on ${event} that ${what} is named before anything is made, and nothing changes`, async () => {
        await eventTrigger(event, body);
        const before = await everything();
        const error = await rejection(restoreInto(database, made));
        expect(error.code).toBe('RESTORE_REFUSED');
        expect(error.hint).toContain(`Set off (${event}, runs public.set_off())`);
        expect(error.hint).toContain('ALTER EVENT TRIGGER "Set off" DISABLE;');
        expect(error.message).toContain('Event triggers of this database change tables to be restored');
        const after = await everything();
        // Draws made before the first statement of the restore begins cannot be undone.
        if (event === 'ddl_command_start') [before[2], after[2]] = [{}, {}];
        expect(after).toEqual(before);
        // None of these reached the tables of the program's own records.
        expect(await ownTables()).toEqual([]);
      });

    // Setting a sequence before the restore sets it leaves nothing behind.
    const { 'sets a sequence': _, ...lasting } = WRITERS;
    for (const [turn, [what, body]] of Object.entries(lasting).entries())
      for (const counted of server === '18' || turn % 2 === 0 ? ['on', 'off'] : [turn % 4 === 1 ? 'on' : 'off'])
        test(`promise 2: an event trigger that ${what} only when live tables are altered is found before the commit, with track_counts ${counted}`, async () => {
          await database.admin(`ALTER DATABASE ${database.name} SET track_counts = ${counted}`);
          await eventTrigger('ddl_command_end', `${ON_LIVE_ONLY} ${body}`);
          const before = await everything();
          const error = await rejection(restoreInto(database, made));
          expect(error.code).toBe('RESTORE_REFUSED');
          // Not by what is tried beforehand.
          expect(error.message).not.toContain('while others are altered');
          expect(error.hint).toContain('ALTER EVENT TRIGGER "Set off" DISABLE;');
          expect(await everything()).toEqual(before);
        });

    test('promise 5: what an event trigger puts off to the commit is met before it, and nothing changes', async () => {
      await database.query(`
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.goods WHERE id = 50; RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON elsewhere DEFERRABLE FOR EACH ROW EXECUTE FUNCTION late()`);
      const putsOff = `SET CONSTRAINTS ALL DEFERRED; INSERT INTO public.elsewhere VALUES ('late')`;
      await eventTrigger('ddl_command_end', `${ON_LIVE_ONLY} ${putsOff}`);
      const before = await everything();
      const error = await rejection(restoreInto(database, made));
      const after = await everything();
      await database.admin('DROP EVENT TRIGGER "Set off"; DROP FUNCTION late CASCADE');
      expect(error.code).toBe('RESTORE_REFUSED');
      expect(error.hint).toContain('ALTER EVENT TRIGGER "Set off" DISABLE;');
      expect(after).toEqual(before);
    });

    test('an event trigger that lets nobody alter tables is named, and nothing changes', async () => {
      await eventTrigger('ddl_command_start', `RAISE EXCEPTION 'not today'`);
      await database.admin('ALTER EVENT TRIGGER "Set off" ENABLE ALWAYS');
      const before = await everything();
      const error = await rejection(restoreInto(database, made));
      expect(error.code).toBe('RESTORE_REFUSED');
      expect(error.hint).toContain('ALTER EVENT TRIGGER "Set off" DISABLE;');
      expect(error.hint).toEndWith('ALTER EVENT TRIGGER "Set off" ENABLE ALWAYS;');
      expect(await everything()).toEqual(before);
    });

    for (const [what, body] of Object.entries({
      'writes elsewhere': `INSERT INTO public.elsewhere VALUES (tg_tag)`,
      'only raises a notice': `RAISE NOTICE 'seen %', tg_tag`,
      'writes to a restored table, but is switched off': WRITERS['adds a row'],
    }))
      test(`an event trigger that ${what} is no reason to refuse`, async () => {
        await eventTrigger('ddl_command_end', body);
        if (what.endsWith('off')) await database.admin('ALTER EVENT TRIGGER "Set off" DISABLE');
        await restoreInto(database, made);
        const content = await contentOf(database);
        expect(content['public.goods']).toContain('(1,"label 1")');
        expect(content['public.journal']).toHaveLength(50);
        expect((content['public.elsewhere'] ?? []).length > 0).toBe(what === 'writes elsewhere');
      });

    test('a table that is not restored may be written to by an event trigger', async () => {
      await eventTrigger('ddl_command_end', WRITERS['adds a row']);
      await restoreInto(database, made, { tables: ['goods'] });
      expect((await contentOf(database))['public.goods']).toHaveLength(50);
    });
  });
}
