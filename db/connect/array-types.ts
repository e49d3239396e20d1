import { makePgArray } from 'drizzle-orm/pg-core';
import pg from 'pg';

/**
 * Array types of our statements, by PostgreSQL's fixed number in pg_type.dat: boolean, smallint, integer, bigint, real, double precision,
 * text, name, varchar, uuid, oid, json, jsonb.
 */
const ARRAYS = [1000, 1005, 1007, 1016, 1021, 1022, 1009, 1003, 1015, 2951, 1028, 199, 3807];
const NAMES = 1003;
const TEXTS = 1009;

/**
 * Returns the driver's settings for arrays, without which it takes them for text, or asks every new connection for their types. Values are
 * read as node-postgres reads them: bigint stays text. Arrays of boolean, Date or BigInt cannot be sent.
 */
export function arrayTypes() {
  return Object.fromEntries(
    ARRAYS.map((oid) => {
      const parse: (text: string) => unknown = pg.types.getTypeParser(oid === NAMES ? TEXTS : oid, 'text');
      return [
        `array${oid}`,
        {
          to: oid,
          from: [oid],
          serialize: (value: unknown) => (Array.isArray(value) ? makePgArray(value) : value),
          parse,
        },
      ];
    }),
  );
}
