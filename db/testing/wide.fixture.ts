/** A schema of another application: one of each thing a Drizzle schema can say. */
import { type SQL, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  alias,
  bigint,
  bigserial,
  bit,
  boolean,
  char,
  cidr,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  inet,
  integer,
  interval,
  json,
  jsonb,
  line,
  macaddr,
  macaddr8,
  numeric,
  pgEnum,
  pgSchema,
  pgSequence,
  pgTable,
  pgView,
  point,
  primaryKey,
  real,
  serial,
  smallint,
  smallserial,
  text,
  time,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

export const mood = pgEnum('mood', ['sad', "so 'so'", 'happy']);
export const oddMood = pgEnum('Odd Mood', ['a,b', '']);
export const shop = pgSchema('Shop');
export const shopState = shop.enum('order', ['open', 'closed']);
export const ticketNumbers = pgSequence('Ticket Numbers', { startWith: 1000 });

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' });
const bareTimestamp = customType<{ data: string }>({ dataType: () => 'timestamptz(2)' });
const positive = customType<{ data: number }>({ dataType: () => '"Shop".positive' });

export const everything = pgTable('everything', {
  small: smallserial(),
  plain: serial().primaryKey(),
  big: bigserial({ mode: 'bigint' }),
  two: smallint().default(-2),
  four: integer().default(42),
  eight: bigint({ mode: 'bigint' }).default(sql`9007199254740993`),
  money: numeric({ precision: 10, scale: 2 }).default('1.50'),
  whole: numeric({ precision: 20 }),
  any: numeric(),
  single: real().default(1.5),
  double: doublePrecision(),
  flag: boolean().default(true),
  words: text().default(`it's a \\ "text"\nwith lines`),
  short: varchar({ length: 40 }).default('x'),
  unbounded: varchar(),
  letter: char(),
  letters: char({ length: 3 }),
  id: uuid().defaultRandom(),
  doc: jsonb().default({ a: [1, null] }),
  olddoc: json(),
  day: date().default('2024-02-29'),
  clock: time({ precision: 3 }),
  zonedClock: time('zoned_clock', { withTimezone: true }),
  at: timestamp({ precision: 3, mode: 'date' }).default(new Date('2024-01-02T03:04:05.678Z')),
  atZone: timestamp({ withTimezone: true }).defaultNow(),
  atCustom: bareTimestamp(),
  span: interval(),
  spanFields: interval({ fields: 'day to second', precision: 3 }),
  spanYear: interval({ fields: 'year to month' }),
  net: inet(),
  block: cidr(),
  mac: macaddr(),
  mac8: macaddr8(),
  place: point(),
  straight: line(),
  flags: bit({ dimensions: 3 }),
  raw: bytea(),
  feeling: mood().default('happy'),
  feelings: mood().array().default(['sad', 'happy']),
  odd: oddMood(),
  tags: text().array().default(['c,d', '']),
  matrix: integer().array().array(),
  sized: varchar({ length: 5 }).array(3),
  limited: positive(),
});

export const people = pgTable(
  'People',
  {
    id: integer().generatedAlwaysAsIdentity({ startWith: 10 }),
    code: integer('Code').generatedByDefaultAsIdentity({ name: 'people_codes' }),
    tenant: text('tenant').notNull(),
    email: text().unique(),
    handle: text().unique('handle_is_taken', { nulls: 'not distinct' }),
    first: text().notNull(),
    last: text(),
    full: text().generatedAlwaysAs((): SQL => sql`${people.first} || ' ' || coalesce(last, '')`),
    ticket: bigint({ mode: 'number' }).default(sql`nextval('"Ticket Numbers"')`),
    bossId: integer('boss_id').references((): AnyPgColumn => people.id, { onDelete: 'set null', onUpdate: 'cascade' }),
    clock: text().$defaultFn(() => 'made in the program'),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.id] }),
    unique().on(t.tenant, t.email),
    unique('people_id_unique').on(t.id),
    uniqueIndex('people_names').on(t.first, t.last),
    uniqueIndex().on(t.first),
    uniqueIndex('people_lower').on(sql`lower(${t.email})`),
    uniqueIndex('people_partial').on(t.last).where(sql`last is not null`),
    index('people_plain').on(t.last),
  ],
);

export const orders = shop.table(
  'a table of orders whose name is long enough to be cut',
  {
    id: serial().primaryKey(),
    state: shopState().notNull().default('open'),
    tenant: text().notNull(),
    personId: integer('person_id').notNull(),
    plainId: integer(),
  },
  (t) => [
    foreignKey({ columns: [t.tenant, t.personId], foreignColumns: [people.tenant, people.id] }).onDelete('restrict'),
    foreignKey({ name: 'Orders of everything', columns: [t.plainId], foreignColumns: [everything.plain] }).onDelete(
      'cascade',
    ),
  ],
);

export const notes = pgTable('user', {
  id: text().primaryKey(),
  order: integer().references(() => orders.id, { onDelete: 'set default' }),
});

export const peopleView = pgView('people_view').as((qb) => qb.select({ first: people.first }).from(people));
export const boss = alias(people, 'boss');
export const somethingElse = { not: 'a table' };
