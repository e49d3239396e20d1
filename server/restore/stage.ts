import { type CopyEncoding, copyEncoding } from '../../db/connect/copy-encoding.ts';
import { databaseError, faultCode } from '../../db/connect/database-error.ts';
import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { qualifiedName } from '../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../db/model/quote.ts';
import type { ManifestEntry } from '../archive/manifest/manifest.ts';
import type { Archive } from '../archive/reader.ts';
import { AppError, throwIfCancelled } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { readEncoding } from '../postgres/catalog/encoding.ts';
import { copyIn } from '../postgres/copy-in.ts';
import { functionFailure } from '../postgres/function-failure.ts';
import { sessionsFor } from '../postgres/sessions-for.ts';
import { copyInSql } from '../postgres/staging/staging.ts';
import type { PlannedTable } from './plan.ts';

/** Connections for loading: the leader, and helpers that are opened when there is enough to load. */
interface StageRun {
  name: string;
  archive: Archive;
  tables: PlannedTable[];
  leader: Session;
  jobs: number;
}

/**
 * Loads every chunk of the planned tables into staging with as many connections as the bytes are worth. Throws what `stageTables` throws,
 * and what opening a connection throws.
 */
export async function stageAll(
  deps: { databaseUrl: string; bytesPerSession?: number },
  { name, archive, tables, leader, jobs }: StageRun,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  const chunks = tables.flatMap((table) => archive.chunks(table.archived));
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
  const wanted = Math.min(sessionsFor(bytes, jobs, deps.bytesPerSession), chunks.length);
  const helpers: Session[] = [];
  try {
    while (helpers.length + 1 < wanted)
      helpers.push(await openWorkingSession(deps.databaseUrl, { applicationName: name, signal: run.signal }));
    const encoding = copyEncoding(archive.manifest.server.encoding, await readEncoding(leader));
    await stageTables(archive, tables, [leader, ...helpers], { ...run, encoding });
  } finally {
    await Promise.all(helpers.map((helper) => helper.close()));
  }
}

interface Load {
  table: PlannedTable;
  chunk: ManifestEntry;
}

/**
 * Loads every chunk of the planned tables into staging, several at a time, and touches nothing live. Each chunk must have the manifest's
 * hashes before the server sees it, and the server must count the manifest's rows. Throws the first failure: ARCHIVE_DAMAGED,
 * RESTORE_REFUSED for a value that today's type does not accept, or a database error.
 */
async function stageTables(
  archive: Archive,
  tables: PlannedTable[],
  sessions: Session[],
  options: { encoding: CopyEncoding; signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  const queue: Load[] = tables.flatMap((table) => archive.chunks(table.archived).map((chunk) => ({ table, chunk })));
  const totalBytes = queue.reduce((sum, { chunk }) => sum + chunk.size, 0);
  let rows = 0;
  let bytes = 0;
  let failure: { error: unknown } | null = null;
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  const read = ({ chunk }: Load) => {
    const content = archive.readEntry(chunk);
    content.catch(() => undefined); // Handled where it is awaited; until then it must not count as unhandled.
    return content;
  };
  const work = async (session: Session) => {
    let load = queue.shift();
    let content = load && read(load);
    while (load && content && !failure) {
      // Decompresses the next chunk while the server takes this one.
      const next = queue.shift();
      const nextContent = next && read(next);
      await stageChunk(session, load, await content, options.encoding);
      rows += load.chunk.rows;
      bytes += load.chunk.size;
      options.onProgress({ stage: 'stage', rows, bytes, totalBytes, table: qualifiedName(load.table.archived) });
      load = next;
      content = nextContent;
    }
  };
  await Promise.all(sessions.map((session) => work(session).catch(fail)));
  throwIfCancelled(options.signal, 'The restore');
  if (failure) throw (failure as { error: unknown }).error;
}

async function stageChunk(
  session: Session,
  { table, chunk }: Load,
  content: Uint8Array,
  encoding: CopyEncoding,
): Promise<void> {
  const format = chunk.format === 'copy' ? 'copy' : 'csv';
  const sql = copyInSql(table.staging, table.columns, format, encoding);
  const counted = await copyIn(session, sql, content).catch((error) => {
    throw refused(error, table, chunk);
  });
  if (counted !== chunk.rows)
    throw new AppError(
      'ARCHIVE_DAMAGED',
      `${chunk.name}: the manifest says ${chunk.rows} rows, the server counted ${counted}. Nothing was changed.`,
      {
        hint: 'The archive’s manifest does not describe its data. Use another backup.',
        details: { entry: chunk.name, table: qualifiedName(table.archived) },
      },
    );
}

/** Matches `COPY t0001, line 3, column amount: …` in whatever language the server speaks. */
const WHERE_IN_COPY = /^COPY [^,]+, \S+ (\d+)(?:, \S+ ([^:]+))?/m;
/** Codes for an invalid value, or a broken rule of its type. */
const VALUE_OR_RULE = /^(22|23)/;
/** Codes for a value that names an object that does not exist. */
const NOT_THERE = /^(3D000|3F000|42)/;
/** Types whose values are the names of objects. */
const NAMES_OBJECTS =
  /^(?:pg_catalog\.)?reg(class|proc(?:edure)?|oper(?:ator)?|type|role|namespace|config|dictionary|collation|database)(?:\[\])*$/;
const OBJECTS: Record<string, string> = {
  class: 'a table, view, index or sequence',
  proc: 'a function',
  procedure: 'a function',
  oper: 'an operator',
  operator: 'an operator',
  type: 'a type',
  role: 'a role',
  namespace: 'a schema',
  config: 'a text search configuration',
  dictionary: 'a text search dictionary',
  collation: 'a collation',
  database: 'a database',
};

/** Returns an error with the place of a refused value, and never the value: the server's own message would repeat it. */
function refused(error: unknown, table: PlannedTable, chunk: ManifestEntry): AppError {
  const code = faultCode(error) ?? '';
  const where = WHERE_IN_COPY.exec((error as { where?: string }).where ?? '');
  if (!VALUE_OR_RULE.test(code) && functionFailure(error) === null && !(where && NOT_THERE.test(code)))
    return databaseError(error, `staging ${qualifiedName(table.archived)}`);
  // A value of many lines could look like a place; its column is repeated only if the table has one of that name.
  const column = where?.[2] !== undefined && table.columns.includes(where[2]) ? where[2] : undefined;
  return new AppError(
    'RESTORE_REFUSED',
    `${chunk.name}${where ? `, line ${where[1]}${column === undefined ? '' : `, column ${column}`}` : ''}: today's ${qualifiedName(table.live)} does not take the backup's value (SQLSTATE ${code}). Nothing was changed.`,
    {
      cause: error,
      hint: refusalHint(error, table, column),
      details: {
        entry: chunk.name,
        table: qualifiedName(table.archived),
        sqlState: code,
        ...(where && { line: Number(where[1]), column }),
      },
    },
  );
}

/** Returns a hint, which calls a type narrower only where its definitions prove it. */
function refusalHint(
  error: unknown,
  { narrower, live, typesDescribed }: PlannedTable,
  column: string | undefined,
): string {
  const code = faultCode(error) ?? '';
  const reasons = column === undefined ? [] : (narrower.get(column) ?? []);
  if (reasons.length > 0)
    return `The type became narrower since the backup: ${reasons.join('; ')}. Allow the values again, restore, and correct the rows afterwards.`;
  if (code === '22021' || code === '22P05')
    return 'This database’s encoding cannot hold the text. Restore into a database with the encoding that README.txt in the archive names.';
  const sqlType = live.columns.find(({ name }) => name === column)?.sqlType;
  const { schema, dataType, constraint } = error as { schema?: string; dataType?: string; constraint?: string };
  if (code === '23514' && dataType !== undefined && constraint !== undefined) {
    const domain = quoteName({ schema: schema ?? 'public', name: dataType });
    const name = quoteIdent(constraint);
    return `The check ${constraint} of the domain ${domain} refuses it${column === undefined ? '' : ', and the backup had this check too: the row may be older than the check, or the check may depend on something else'}. Let the owner of the domain run ALTER DOMAIN ${domain} DROP CONSTRAINT ${name}; restore, and add the check again as NOT VALID.`;
  }
  if (code === '23502' && dataType !== undefined) {
    const domain = quoteName({ schema: schema ?? 'public', name: dataType });
    return `The domain ${domain} is NOT NULL${column === undefined ? '' : ', and was when the backup was made'}: PostgreSQL lets a NULL through where a value of the domain is not written but computed. Let the owner of the domain run ALTER DOMAIN ${domain} DROP NOT NULL; restore, correct the rows, and run ALTER DOMAIN ${domain} SET NOT NULL;`;
  }
  const thing = NAMES_OBJECTS.exec(sqlType ?? '')?.[1];
  if (thing !== undefined && !code.startsWith('22'))
    return `The value is the name of an object (${OBJECTS[thing] ?? thing}) that this database lacks today: that line of the chunk says which. Make it first, or restore without this table (--tables).`;
  const failure = functionFailure(error);
  if (failure !== null) return `Reading the value, ${failure.text}. ${failure.hint}`;
  const type = sqlType === undefined ? 'one of the types of its columns' : `the type ${sqlType}`;
  const [same, other] = typesDescribed
    ? ['is as the backup describes it', '']
    : ['has the name it had then', ', or it is another type: a backup of format 1.0 does not describe every one'];
  return `${type[0]?.toUpperCase()}${type.slice(1)} ${same}: this server, one of its extensions or a function behind the type reads the value otherwise than the server of the backup did${other}. Restore into a database like that one; README.txt in the archive says which.`;
}
