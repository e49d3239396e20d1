import type { Session } from '../../../db/connect/session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';

/** An enabled event trigger, which runs for statements of a restore. */
export interface EventTrigger {
  name: string;
  event: string;
  function: string;
  owner: string;
  /** True when it runs whatever `session_replication_role` says. */
  always: boolean;
}

/** Returns the enabled event triggers that statements of a restore fire. */
export async function readEventTriggers(session: Pick<Session, 'query'>): Promise<EventTrigger[]> {
  return session.query<EventTrigger>(
    `SELECT e.evtname AS name, e.evtevent AS event, e.evtfoid::regprocedure::text AS function, pg_catalog.pg_get_userbyid(e.evtowner) AS owner, e.evtenabled = 'A' AS always
       FROM pg_catalog.pg_event_trigger e
      WHERE e.evtenabled IN ('O', 'A') AND e.evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop', 'table_rewrite')
      ORDER BY e.evtname`,
  );
}

/**
 * Returns the user-made functions that run when rows are put into these tables: by checks, domains, defaults, generated columns or
 * indexes.
 */
async function readRowFunctions(session: Session, tableOids: number[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT p.oid::regprocedure::text AS name
       FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND l.lanname NOT IN ('internal', 'c')
        AND (d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid IN (
               SELECT con.oid FROM pg_catalog.pg_constraint con
                WHERE con.conrelid = ANY ($1::int8[]::oid[])
                   OR con.contypid <> 0 AND con.contypid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1::int8[]::oid[])))
          OR d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid IN (SELECT def.oid FROM pg_catalog.pg_attrdef def WHERE def.adrelid = ANY ($1::int8[]::oid[]))
          OR d.classid = 'pg_catalog.pg_class'::regclass AND d.objid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = ANY ($1::int8[]::oid[])))
      ORDER BY 1 LIMIT 20`,
    [tableOids],
  );
  return rows.map((row) => row.name);
}

/** Returns the possible causes of foreign writes to these tables during a restore, for a person who must find the one that wrote. */
export async function readCauses(
  session: Session,
  tableOids: number[],
): Promise<{ eventTriggers: EventTrigger[]; functions: string[] }> {
  return {
    eventTriggers: await readEventTriggers(session),
    functions: await readRowFunctions(session, tableOids),
  };
}

/** Returns a hint on how to prevent these writes. */
export function causesHint({ eventTriggers, functions }: Awaited<ReturnType<typeof readCauses>>): string {
  const named = functions.slice(0, 5).join(', ');
  return [
    eventTriggers.length > 0 ? eventTriggersHint(eventTriggers) : '',
    functions.length > 0
      ? `${eventTriggers.length > 0 ? 'Or functions' : 'Functions'} that checks, defaults, generated columns or indexes of these tables call do it: ${named}${functions.length > 5 ? ', …' : ''}. Make them write to no table that is restored.`
      : '',
    eventTriggers.length === 0 && functions.length === 0
      ? 'Neither event triggers nor functions of these tables are known to the catalog: look for extensions that write when tables are altered.'
      : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** Names each event trigger, with the statements that disable it for the restore. */
export function eventTriggersHint(triggers: EventTrigger[]): string {
  const shown = triggers.slice(0, 5);
  const which = shown.map(({ name, event, function: body }) => `${name} (${event}, runs ${body})`).join(', ');
  const off = shown.map(({ name }) => `ALTER EVENT TRIGGER ${quoteIdent(name)} DISABLE;`);
  const on = shown.map(
    ({ name, always }) => `ALTER EVENT TRIGGER ${quoteIdent(name)} ENABLE${always ? ' ALWAYS' : ''};`,
  );
  const owners = [...new Set(shown.map(({ owner }) => owner))].join(', ');
  return `Event triggers run for each statement that alters a table: ${which}${triggers.length > 5 ? ', …' : ''}. Let the owner (${owners}) run ${off.join(' ')} then restore, then ${on.join(' ')}`;
}
