import { describe, expect, test } from 'bun:test';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const model = modelFromSchema({
  orders: pgTable('orders', { id: integer().primaryKey(), parent: integer(), note: text() }),
});

const SUBJECT = `
  CREATE TABLE public.orders (id serial PRIMARY KEY, parent integer REFERENCES public.orders, note text CHECK (note <> ''));
  CREATE INDEX ON public.orders (lower(note)) WHERE id > 0;
  INSERT INTO public.orders (parent, note) VALUES (NULL, 'first'), (1, 'second');`;

/** Makes every function and operator of the catalog once more, as one that ends whatever calls it, and gives its types another meaning. */
const SHADOWS = `
  DO $do$
  DECLARE one record; made int := 0;
  BEGIN
    FOR one IN SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, pg_get_function_result(oid) AS result
        FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' LOOP
      BEGIN
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''shadow of %%'', %L; END $f$',
          one.proname, one.arguments, one.result, one.proname);
        made := made + 1;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    FOR one IN SELECT oprname, oprcode, oprleft::regtype AS a, oprright::regtype AS b
        FROM pg_operator JOIN pg_proc ON pg_proc.oid = oprcode WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft <> 0 LOOP
      BEGIN
        EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%s)', one.oprname, one.a, one.b, one.oprcode);
        made := made + 1;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    ASSERT made > 2000;
    FOR one IN SELECT typname FROM pg_type WHERE typname IN ('text', 'name', 'oid', 'regclass', 'int2', 'int4', 'int8', 'float8', 'bool', 'timestamptz') LOOP
      EXECUTE format('CREATE DOMAIN public.%I AS pg_catalog.point', one.typname);
    END LOOP;
  END $do$;`;

for (const server of testServers()) {
  describe(`server ${server}`, () => {
    test('promise 2: a database that puts its own names before every function, operator and type of the catalog is backed up and restored', async () => {
      await using database = await testDatabase({ server, owner: 'shadow_walk' });
      await database.query(SUBJECT);
      const before = [await contentOf(database), await sequencesOf(database)];
      await database.query(SHADOWS);
      await database.admin(`ALTER DATABASE ${database.name} SET search_path = public, pg_catalog`);
      const archive = await backupOf(database, model);
      await database.admin('TRUNCATE public.orders');
      // This first restore makes our own tables, too.
      expect((await restoreInto(database, archive)).restoredRecords).toBe(2);
      await database.admin(`ALTER DATABASE ${database.name} RESET search_path`);
      expect([await contentOf(database), await sequencesOf(database)]).toEqual(before);
    });
  });
}
