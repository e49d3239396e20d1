import { makePgArray } from 'drizzle-orm/pg-core';
import pg from 'pg';

/**
 * Arrays of the types that our statements send or return, by PostgreSQL's fixed type number in pg_type.dat: boolean, smallint, integer,
 * bigint, real, double precision, text, name, varchar, uuid, oid, json and jsonb.
 */
const ARRAYS = [1000, 1005, 1007, 1016, 1021, 1022, 1009, 1003, 1015, 2951, 1028, 199, 3807];
const NAMES = 1003;
const TEXTS = 1009;

/**
 * Returns the driver's settings for arrays. Without them it would ask every new connection for the array types, or take arrays for text.
 * Values are read as node-postgres reads them: bigint stays text, NULL is null.
 * The driver itself cannot send arrays of boolean, Date or BigInt.
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
