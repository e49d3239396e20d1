import { isUtf8 } from 'node:buffer';
import { faultCode } from '../../../db/connect/database-error.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { printable } from '../../core/bytes.ts';
import { AppError, leftOf, withLeft } from '../../core/errors.ts';

const NOT_UTF8 = '22021';
const NAMED = 20;

/**
 * Explains an error caused by catalog text that the server could not send as UTF-8. Returns an error of the given code naming every such
 * text, its odd bytes in hex, and ending with `end`. Returns any other error unchanged.
 */
export async function explainCatalogText(
  error: unknown,
  url: string,
  { code, end, signal }: { code: 'UNKNOWN_OBJECTS' | 'RESTORE_REFUSED'; end: string; signal: AbortSignal },
): Promise<unknown> {
  const met = error instanceof AppError && error.code === 'DATABASE_ERROR' && faultCode(error.cause) === NOT_UTF8;
  if (!met || signal.aborted) return error;
  const texts = await readOddTexts(url, signal).catch(() => []);
  if (texts.length === 0) return error;
  const more = texts.length > NAMED ? `; and ${texts.length - NAMED} more` : '';
  const left = leftOf(error);
  const explained = new AppError(
    code,
    `This database says nothing of its encoding (SQL_ASCII), and texts of its catalog are not UTF-8, so that this program cannot read them: ${texts.slice(0, NAMED).join('; ')}${more}. ${end}`,
    {
      cause: error,
      hint: 'Rename or define these again in UTF-8: psql sends the old bytes after SET client_encoding = SQL_ASCII, and \\xE9 stands for the byte E9 here. Rows may hold any bytes.',
      details: { texts: texts.slice(0, 100) },
    },
  );
  return left === undefined ? explained : withLeft(explained, left);
}

/** Reads the names of all catalog texts that are not UTF-8 and that a backup or a restore may read. */
async function readOddTexts(url: string, signal: AbortSignal): Promise<string[]> {
  await using session = await openWorkingSession(url, { applicationName: 'palace-backup look at texts', signal });
  const rows = await session.query<{ what: string; object: string; text: string }>(ODD_TEXTS_SQL);
  const odd = rows.filter(({ text }) => !isUtf8(Buffer.from(text, 'hex')));
  return [...new Set(odd.map(({ what, object }) => `${what} of ${printable(Buffer.from(object, 'hex'))}`))].sort();
}

/** A catalog and, for each of its rows: kind, owning object and text. Oids below 16384 are those of the server's own objects. */
const SOURCES: [what: string, classid: string, objid: string, objsubid: string, text: string, from: string][] = [
  ['the name', 'pg_namespace', 'o.oid', '0', 'o.nspname', 'pg_namespace o'],
  ['the name', 'pg_class', 'o.oid', '0', 'o.relname', 'pg_class o'],
  ['the name', 'pg_class', 'o.attrelid', 'o.attnum', 'o.attname', 'pg_attribute o WHERE o.attnum > 0'],
  ['the definition', 'pg_attrdef', 'o.oid', '0', 'pg_catalog.pg_get_expr(o.adbin, o.adrelid)', 'pg_attrdef o'],
  ['the name', 'pg_type', 'o.oid', '0', 'o.typname', 'pg_type o'],
  ['the default', 'pg_type', 'o.oid', '0', 'o.typdefault', 'pg_type o'],
  ['a label', 'pg_type', 'o.enumtypid', '0', 'o.enumlabel', 'pg_enum o'],
  ['the name', 'pg_constraint', 'o.oid', '0', 'o.conname', 'pg_constraint o'],
  ['the definition', 'pg_constraint', 'o.oid', '0', 'pg_catalog.pg_get_constraintdef(o.oid)', 'pg_constraint o'],
  ['the definition', 'pg_class', 'o.indexrelid', '0', 'pg_catalog.pg_get_indexdef(o.indexrelid)', 'pg_index o'],
  ['the definition', 'pg_trigger', 'o.oid', '0', 'pg_catalog.pg_get_triggerdef(o.oid)', 'pg_trigger o'],
  ['the name', 'pg_rewrite', 'o.oid', '0', 'o.rulename', 'pg_rewrite o'],
  ['the name', 'pg_proc', 'o.oid', '0', 'o.proname', 'pg_proc o'],
  [
    'the definition',
    'pg_proc',
    'o.oid',
    '0',
    'pg_catalog.pg_get_functiondef(o.oid)',
    `pg_proc o WHERE o.prokind IN ('f', 'p')`,
  ],
  ['the name', 'pg_policy', 'o.oid', '0', 'o.polname', 'pg_policy o'],
  ['the name', 'pg_collation', 'o.oid', '0', 'o.collname', 'pg_collation o'],
  ['the name', 'pg_event_trigger', 'o.oid', '0', 'o.evtname', 'pg_event_trigger o'],
  ['the comment', 'o.classoid', 'o.objoid', 'o.objsubid', 'o.description', `pg_description o`],
];

const ODD_TEXTS_SQL = `
  SELECT odd.what, pg_catalog.encode(pg_catalog.convert_to(odd.text, 'SQL_ASCII'), 'hex') AS text,
         pg_catalog.encode(pg_catalog.convert_to(COALESCE(id.type || ' ' || id.identity, 'what is gone by now'), 'SQL_ASCII'), 'hex') AS object
    FROM (${SOURCES.map(
      ([what, classid, objid, objsubid, text, from]) =>
        `SELECT '${what}' AS what, ${classid.startsWith('pg_') ? `'pg_catalog.${classid}'::pg_catalog.regclass` : classid}::oid AS classid, ${objid} AS objid, ${objsubid}::int4 AS objsubid, ${text}::text AS text FROM pg_catalog.${from}`,
    ).join(' UNION ALL ')}) AS odd,
         LATERAL pg_catalog.pg_identify_object(odd.classid, odd.objid, odd.objsubid) AS id
   WHERE odd.objid >= 16384 AND pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
     AND odd.text OPERATOR(pg_catalog.~) '[^\\x01-\\x7f]' COLLATE "C"
  UNION ALL
  SELECT 'the name', pg_catalog.encode(pg_catalog.convert_to(name, 'SQL_ASCII'), 'hex'), pg_catalog.encode(pg_catalog.convert_to(kind || ' ' || name, 'SQL_ASCII'), 'hex')
    FROM (SELECT 'role' AS kind, rolname::text AS name FROM pg_catalog.pg_roles
          UNION ALL SELECT 'database', datname::text FROM pg_catalog.pg_database WHERE datname = current_database()
          UNION ALL SELECT 'tablespace', spcname::text FROM pg_catalog.pg_tablespace) AS shared
   WHERE pg_catalog.getdatabaseencoding() = 'SQL_ASCII'`;
