import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';

/** A constraint of a table as PostgreSQL writes it. Same shape as in a manifest. */
export interface TableRule {
  name: string;
  /** A letter of `pg_constraint.contype`: check, foreign key, not null, primary key, unique, exclusion. */
  type: 'c' | 'f' | 'n' | 'p' | 'u' | 'x';
  definition: string;
  /** False for a NOT VALID rule, which older rows may break. */
  validated: boolean;
  columns: string[];
}

/** Reads the constraints of these tables, each with its table. NOT NULL is a constraint since PostgreSQL 18. */
export async function readRules(session: Session, tableOids: number[]): Promise<(TableRule & { table: ObjectName })[]> {
  return session.query<TableRule & { table: ObjectName }>(
    `SELECT json_build_object('schema', n.nspname, 'name', c.relname) AS "table", con.conname AS name, con.contype AS type,
            pg_catalog.pg_get_constraintdef(con.oid) AS definition, con.convalidated AS validated,
            ARRAY(SELECT a.attname::text FROM unnest(con.conkey) WITH ORDINALITY AS k(attnum, place)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum ORDER BY k.place) AS columns
       FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_class c ON c.oid = con.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE con.conrelid = ANY ($1::int8[]::oid[]) AND con.contype IN ('c', 'f', 'n', 'p', 'u', 'x')
      ORDER BY con.conrelid, con.conname`,
    [tableOids],
  );
}
