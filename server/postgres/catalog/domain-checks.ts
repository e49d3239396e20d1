import { isDeepStrictEqual } from 'node:util';
import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';

/** A NOT VALID check of a domain. It binds new values only, but PostgreSQL tests it on every value that is read in. */
export interface DomainCheck {
  domain: ObjectName;
  name: string;
  definition: string;
  comment: string | null;
}

/**
 * Reads the NOT VALID checks of those domains that this role owns, and so may drop for a while. Returns none when a user-made cast
 * converts from text by a function: values arrive as text then, and it could change them.
 */
export async function readUnsureChecks(session: Session, domains: ObjectName[]): Promise<DomainCheck[]> {
  if (domains.length === 0) return [];
  return session.query<DomainCheck>(
    `SELECT json_build_object('schema', n.nspname, 'name', t.typname) AS domain, con.conname AS name,
            pg_catalog.pg_get_constraintdef(con.oid) AS definition, pg_catalog.obj_description(con.oid, 'pg_constraint') AS comment
       FROM unnest($1::text[], $2::text[]) AS wanted(schema, name)
       JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
       JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = wanted.name AND t.typtype = 'd'
       JOIN pg_catalog.pg_constraint con ON con.contypid = t.oid AND con.contype = 'c' AND NOT con.convalidated
      WHERE pg_catalog.pg_has_role(t.typowner, 'USAGE')
        AND NOT EXISTS (
          SELECT 1 FROM pg_catalog.pg_cast c
           WHERE c.castsource = 'pg_catalog.text'::pg_catalog.regtype AND c.castmethod = 'f' AND c.oid >= 16384
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
      ORDER BY n.nspname, t.typname, con.conname`,
    [domains.map((domain) => domain.schema), domains.map((domain) => domain.name)],
  );
}

/**
 * Runs the work inside the open transaction with the NOT VALID checks of these domains off, since restored rows are not new. No other
 * session sees them off, and no table is locked. Throws RESTORE_REFUSED when they do not come back as they were.
 */
export async function withoutUnsureChecks<T>(
  session: Session,
  domains: ObjectName[],
  work: () => Promise<T>,
): Promise<T> {
  const checks = await readUnsureChecks(session, domains);
  for (const check of checks)
    await session.query(`ALTER DOMAIN ${quoteName(check.domain)} DROP CONSTRAINT ${quoteIdent(check.name)}`);
  const done = await work();
  for (const { domain, name, definition, comment } of checks) {
    await session.query(`ALTER DOMAIN ${quoteName(domain)} ADD CONSTRAINT ${quoteIdent(name)} ${definition}`);
    if (comment !== null)
      await session.query(
        `COMMENT ON CONSTRAINT ${quoteIdent(name)} ON DOMAIN ${quoteName(domain)} IS ${quoteLiteral(comment)}`,
      );
  }
  const after = await readUnsureChecks(session, domains);
  if (isDeepStrictEqual(after, checks)) return done;
  const names = checks.map(({ domain, name }) => `${name} of ${qualifiedName(domain)}`);
  throw new AppError(
    'RESTORE_REFUSED',
    `The NOT VALID checks of domains could not be put back as they were: ${names.join(', ')}. Nothing was changed.`,
    { hint: 'Report this with the definitions of these domains.', details: { checks: names } },
  );
}
