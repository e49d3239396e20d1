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

/** Steps where a restore can be held up from outside; see `closeGate` in `hold.fixture.ts`. */
export const GATES = { stage: 1, apply: 2, indexes: 3, links: 4, sequences: 5, record: 6 } as const;
/** The steps of a restore that have a gate, in their order. */
export const STEPS = [
  'stage',
  'apply',
  'indexes',
  'links',
  'sequences',
  'record',
] as const satisfies (keyof typeof GATES)[];
export const GATE_FAMILY = 777;

/** SQL that creates the tables, as their owner. The gates are open: a gate is an advisory lock that a step takes for a moment. */
export const LIBRARY_SQL = `
  CREATE FUNCTION gate(n integer) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_catalog.pg_advisory_lock_shared(${GATE_FAMILY}, n);
      PERFORM pg_catalog.pg_advisory_unlock_shared(${GATE_FAMILY}, n);
      RETURN true;
    END $$;
  CREATE FUNCTION gated(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
      PERFORM public.gate(${GATES.indexes});
      RETURN word;
    END $$;
  CREATE TYPE mood AS ENUM ('calm', 'cross', 'glad');
  CREATE DOMAIN shelf_mark AS text CHECK (public.gate(${GATES.stage}));
  CREATE TABLE readers (id serial PRIMARY KEY, name text NOT NULL CHECK (public.gate(${GATES.apply})), mood mood NOT NULL, mark shelf_mark);
  CREATE TABLE books (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, isbn text UNIQUE);
  CREATE INDEX books_title ON books (public.gated(title)) WHERE id <= 3;
  CREATE TABLE lendings (
    id bigserial PRIMARY KEY,
    reader_id integer NOT NULL REFERENCES readers ON DELETE CASCADE,
    book_id integer NOT NULL REFERENCES books,
    note text);
  CREATE INDEX lendings_reader ON lendings (reader_id)`;

/** SQL for the superuser, beside our own tables: the gates of steps that no function of a table can hold. */
export const LIBRARY_GATES_SQL = `
  CREATE FUNCTION gate_of_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_query() ~ '^ALTER TABLE .* ADD CONSTRAINT .* FOREIGN KEY' THEN PERFORM public.gate(${GATES.links}); END IF;
      IF current_query() ~ '^ALTER SEQUENCE' THEN PERFORM public.gate(${GATES.sequences}); END IF;
    END $$;
  CREATE EVENT TRIGGER gate_of_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'ALTER SEQUENCE') EXECUTE FUNCTION gate_of_ddl();
  CREATE FUNCTION gate_of_record() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM public.gate(${GATES.record});
      RETURN NEW;
    END $$;
  CREATE TRIGGER gate_of_record BEFORE UPDATE ON backup_system.operations FOR EACH ROW
    WHEN (NEW.state = 'succeeded' AND NEW.kind = 'restore') EXECUTE FUNCTION gate_of_record()`;
