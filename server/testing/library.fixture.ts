/** The schema of an application that is not the HRMS: three tables with foreign keys, every kind of sequence, an enum and a domain. */
import { bigserial, customType, index, integer, pgEnum, pgTable, serial, text } from 'drizzle-orm/pg-core';

export const moods = pgEnum('mood', ['calm', 'cross', 'glad']);
const shelfMark = customType<{ data: string }>({ dataType: () => 'public.shelf_mark' });

export const readers = pgTable('readers', {
  id: serial().primaryKey(),
  name: text().notNull(),
  mood: moods().notNull(),
  mark: shelfMark(),
});

export const books = pgTable('books', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  title: text().notNull(),
  isbn: text().unique(),
});

export const lendings = pgTable(
  'lendings',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    readerId: integer('reader_id')
      .notNull()
      .references(() => readers.id, { onDelete: 'cascade' }),
    bookId: integer('book_id')
      .notNull()
      .references(() => books.id),
    note: text(),
  },
  (t) => [index('lendings_reader').on(t.readerId)],
);

/** Steps where a restore can be held up from outside; see `setBreakpoint` in `faults.fixture.ts`. */
export const BREAKPOINTS = { stage: 1, apply: 2, indexes: 3, links: 4, sequences: 5, record: 6 } as const;
/** The steps of a restore that have a breakpoint, in their order. */
export const STEPS = [
  'stage',
  'apply',
  'indexes',
  'links',
  'sequences',
  'record',
] as const satisfies (keyof typeof BREAKPOINTS)[];
export const BREAKPOINT_FAMILY = 777;

/** SQL that creates the tables, as their owner. No breakpoint is set: one is an advisory lock that a step takes for a moment. */
export const LIBRARY_SQL = `
  CREATE FUNCTION breakpoint(n integer) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_catalog.pg_advisory_lock_shared(${BREAKPOINT_FAMILY}, n);
      PERFORM pg_catalog.pg_advisory_unlock_shared(${BREAKPOINT_FAMILY}, n);
      RETURN true;
    END $$;
  CREATE FUNCTION held_up(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
      PERFORM public.breakpoint(${BREAKPOINTS.indexes});
      RETURN word;
    END $$;
  CREATE TYPE mood AS ENUM ('calm', 'cross', 'glad');
  CREATE DOMAIN shelf_mark AS text CHECK (public.breakpoint(${BREAKPOINTS.stage}));
  CREATE TABLE readers (id serial PRIMARY KEY, name text NOT NULL CHECK (public.breakpoint(${BREAKPOINTS.apply})), mood mood NOT NULL, mark shelf_mark);
  CREATE TABLE books (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, isbn text UNIQUE);
  CREATE INDEX books_title ON books (public.held_up(title)) WHERE id <= 3;
  CREATE TABLE lendings (
    id bigserial PRIMARY KEY,
    reader_id integer NOT NULL REFERENCES readers ON DELETE CASCADE,
    book_id integer NOT NULL REFERENCES books,
    note text);
  CREATE INDEX lendings_reader ON lendings (reader_id)`;

/** SQL for the superuser, beside our own tables: the breakpoints of steps that no function of a table can hold. */
export const LIBRARY_BREAKPOINTS_SQL = `
  CREATE FUNCTION breakpoint_of_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() ~ '^ALTER TABLE .* ADD CONSTRAINT .* FOREIGN KEY' THEN PERFORM public.breakpoint(${BREAKPOINTS.links}); END IF;
      IF current_query() ~ '^ALTER SEQUENCE' THEN PERFORM public.breakpoint(${BREAKPOINTS.sequences}); END IF;
    END $$;
  CREATE EVENT TRIGGER breakpoint_of_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'ALTER SEQUENCE') EXECUTE FUNCTION breakpoint_of_ddl();
  CREATE FUNCTION breakpoint_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM public.breakpoint(${BREAKPOINTS.record});
      RETURN NEW;
    END $$;
  CREATE TRIGGER breakpoint_of_record BEFORE UPDATE ON backup_system.operations FOR EACH ROW
    WHEN (NEW.state = 'succeeded' AND NEW.kind = 'restore') EXECUTE FUNCTION breakpoint_of_record()`;
