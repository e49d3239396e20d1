import { quoteLiteral } from '../../model/quote.ts';
import { FAMILY_NAMES, GIVEN_NAMES, HOSTILE_TEXTS } from './words.ts';

/** Instructions to fill one table: `series` numbers, each giving one row or a few, from the SELECT over `i`. */
export interface DemoTable {
  table: string;
  series: number;
  /** Quoted column names, each with its expression. */
  columns: Record<string, string>;
  /** More FROM items, which multiply the rows of `i`. */
  from?: string;
  /** True for one statement for all rows, because rows refer to later rows of the same table. */
  whole?: boolean;
}

/**
 * SQL expressions that look random but are hashes of seed, purpose and row number. The same seed gives the same rows on every server.
 * Purposes keep two draws for one row apart.
 */
export interface DemoSql {
  /** Returns a whole number from 0 to `below` - 1, as bigint. */
  randomBelow(purpose: string, row: string, below: number | string): string;
  /** Returns a condition that holds for about `percent` of a hundred rows. */
  chance(purpose: string, row: string, percent: number): string;
  /** Returns one of the values, as text. A value listed twice comes twice as often. */
  pick(purpose: string, row: string, values: readonly string[]): string;
  /** Returns a cuid-like key: `c` and 24 characters of base 36. */
  id(table: string, row: string): string;
  /** Returns a moment within `days` after `start` (ISO), to the millisecond. */
  moment(purpose: string, row: string, start: string, days: number): string;
}

/** Row number of the series, in every expression. */
export const I = 'i';
/** First day of the demo palace's records. */
export const START = '2023-01-01';

const DAY_MS = 86_400_000;

/** Returns the expressions of one seed. `row` is always an SQL expression of type bigint. */
export function demoSql(seed: number): DemoSql {
  const roll = (purpose: string, row: string, below: number | string) =>
    `mod(hashint8extended(${row}, ${purposeSeed(seed, purpose)}) & 9223372036854775807, ${below})`;
  return {
    randomBelow: roll,
    chance: (purpose, row, percent) => `(${roll(purpose, row, 100)} < ${percent})`,
    pick: (purpose, row, values) => `(${textArray(values)})[1 + ${roll(purpose, row, values.length)}::int]`,
    id: (table, row) =>
      `'c' || replace(replace(lower(left(encode(sha256(${quoteLiteral(`${seed}:${table}:`)}::bytea || int8send(${row})), 'base64'), 24) COLLATE "C"), '+', '3'), '/', '7')`,
    moment: (purpose, row, start, days) =>
      `(timestamp '${start}' + ${roll(purpose, row, days * DAY_MS)} * interval '1 millisecond')`,
  };
}

/** Returns a text array; as a constant it is built once per statement. */
export function textArray(values: readonly string[]): string {
  return `ARRAY[${values.map(quoteLiteral).join(', ')}]::text[]`;
}

/** Returns a person's name. */
export function fullName(sql: DemoSql, purpose: string): string {
  return `${sql.pick(`${purpose} given`, I, GIVEN_NAMES)} || ' ' || ${sql.pick(`${purpose} family`, I, FAMILY_NAMES)}`;
}

/** Returns the texts that break careless formats, in turn for every `step`-th row, so that even a small database holds each. */
export function hostileText(step: number): string {
  return `(${textArray(HOSTILE_TEXTS)})[1 + mod(i / ${step}, ${HOSTILE_TEXTS.length})]`;
}

/** Returns the value where the condition holds, else NULL. */
export function when(condition: string, value: string): string {
  return choose([[condition, value]], 'NULL');
}

/** Builds a `CASE` from pairs of condition and value. */
export function choose(cases: readonly (readonly [condition: string, value: string])[], otherwise: string): string {
  return `CASE ${cases.map(([condition, value]) => `WHEN ${condition} THEN ${value}`).join(' ')} ELSE ${otherwise} END`;
}

/** Returns 64 signed bits, the type of the second argument of PostgreSQL's hash functions. */
function purposeSeed(seed: number, purpose: string): string {
  const digest = new Bun.CryptoHasher('sha256').update(`${seed}/${purpose}`).digest();
  return `'${digest.readBigInt64BE(0)}'::bigint`;
}

/** Returns the key of one of the staff. */
export const someone = (sql: DemoSql, purpose: string, staff: number) =>
  sql.id('staff', `(1 + ${sql.randomBelow(purpose, I, staff)})`);
/** Returns the key of one of the administrators. */
export const someAdmin = (sql: DemoSql, purpose: string, admins: number) =>
  sql.id('admins', `(1 + ${sql.randomBelow(purpose, I, admins)})`);
/** Returns whole hundreds of naira: two zeros after the point in every numeric. */
export const money = (sql: DemoSql, purpose: string, from: number, to: number) =>
  `(${from} + 100 * ${sql.randomBelow(purpose, I, Math.floor((to - from) / 100))})`;
/** Returns an amount with kobo, and so sometimes with a trailing zero. */
export const exactMoney = (sql: DemoSql, purpose: string, to: number) =>
  `(${sql.randomBelow(purpose, I, to * 100)} / 100.00)`;
