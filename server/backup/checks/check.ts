import { openSession, type Session } from '../../../db/connect/session.ts';
import { configureSession } from '../../../db/connect/working-session.ts';
import { qualifiedName, type SchemaModel, type TableModel } from '../../../db/model/model.ts';
import { pickTables } from '../../../db/model/pick.ts';
import { lossText } from '../../archive/manifest/losses.ts';
import { AppError, type ErrorCode, unexpected } from '../../core/errors.ts';
import { type LiveTable, readTables } from '../../postgres/catalog/catalog.ts';
import { explainCatalogText } from '../../postgres/catalog/catalog-text.ts';
import { readEncoding } from '../../postgres/catalog/encoding.ts';
import { countExtensionRows, readInventory } from '../../postgres/catalog/inventory.ts';
import { findLongRows, MOST_TEXT_BYTES, mayHoldLongRows } from '../../postgres/catalog/long-rows.ts';
import { describeSequences } from '../../postgres/catalog/sequences.ts';
import { describeStaleViews } from '../../postgres/catalog/stale-views.ts';
import { refusePooler } from '../../postgres/locks/advisory-lock.ts';
import { namingHolders } from '../../postgres/locks/table-lock.ts';
import { missingForBackup } from '../../postgres/preflight/rights.ts';
import type { Storage } from '../../storage/storage.ts';
import {
  chooseCoverage,
  compareColumns,
  compareTables,
  orphanedPartitions,
  refuseOrphanedPartitions,
} from '../coverage.ts';
import type { Exclusion } from '../exclusions.ts';
import { definitionWarnings, readDefinitions } from '../facts.ts';
import { affordableConnections } from './affordable.ts';
import { describeLongRow, LONG_ROW_HINT } from './long-row.ts';
import { describeBroken, describeFailing, readBrokenRows, readPreflight } from './restorable.ts';
import { archiveBytes, mebibytes, restoreBytes } from './space.ts';
import { refuseRowsWithoutColumns } from './stored-columns.ts';

/** One check: its outcome, and what to do when it failed. */
export interface Finding {
  check:
    | 'server'
    | 'pooler'
    | 'schema'
    | 'unknown'
    | 'rights'
    | 'locks'
    | 'long rows'
    | 'storage'
    | 'name'
    | 'busy'
    | 'leftovers'
    | 'space'
    | 'database'
    | 'restore rights'
    | 'restore'
    | 'restore rows'
    | 'restore space';
  ok: boolean;
  /** Set when only a restore would meet the fault: `stops` when it would be refused, `may` when that depends. */
  restore?: 'stops' | 'may';
  message: string;
  code?: ErrorCode;
  hint?: string;
}

export interface EnvironmentReport {
  /** True when a backup would go through. Findings that concern only a restore do not count. */
  ok: boolean;
  /** True when a restore into this database would go through, as far as it was checked. */
  restorable: boolean;
  findings: Finding[];
}

interface CheckDeps {
  databaseUrl: string;
  model: SchemaModel;
  exclusions?: readonly Exclusion[];
  /** Named as for a backup; every protected table when absent. */
  tables?: string[];
}

/** Milliseconds for which one table is searched for rows that are too long. */
const LONG_ROWS_MS = 10_000;

/** Checks everything a backup needs, and makes none. Reports each fault as a finding with what to do; throws only when cancelled. */
export async function checkEnvironment(
  deps: CheckDeps & { storage: Storage },
  signal: AbortSignal,
): Promise<EnvironmentReport> {
  const database = await checkDatabase(deps, signal);
  const findings = [...database.findings, ...(await checkStorage(deps.storage, database.heapBytes))];
  return {
    ok: findings.every((finding) => finding.ok || finding.restore !== undefined || finding.check === 'unknown'),
    // When the database gives no answer, nothing is known about a restore either.
    restorable: database.heapBytes !== null && findings.every((finding) => finding.ok || finding.restore !== 'stops'),
    findings,
  };
}

async function checkDatabase(
  deps: CheckDeps,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; heapBytes: number | null }> {
  const findings: Finding[] = [];
  let heapBytes: number | null = null;
  try {
    await using session = await openSession(deps.databaseUrl, { applicationName: 'palace-backup check', signal });
    const pooler = await outcome('pooler', 'connected to the server itself, not through a transaction pooler', () =>
      refusePooler(session, () => openSession(deps.databaseUrl, { applicationName: 'palace-backup check', signal })),
    );
    // Through a transaction pooler no setting may be changed: it would stay with the connection's next client.
    if (!pooler.ok) return { findings: [pooler], heapBytes };
    const version = await configureSession(session);
    findings.push(
      { check: 'server', ok: true, message: `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000} answers` },
      pooler,
    );

    const inventory = await readInventory(session);
    const facts = {
      inventory,
      extensionRows: await countExtensionRows(session, inventory),
      exclusions: deps.exclusions ?? [],
    };
    const orphaned = orphanedPartitions(deps.model.tables, facts);
    const missing = new Set(
      [...compareTables(deps.model, facts).missing, ...orphaned.map(({ table }) => table)].map(qualifiedName),
    );
    const isPresent = (table: TableModel) => !missing.has(qualifiedName(table));
    const chosen = deps.tables && pickTables(deps.model.tables, deps.tables, 'The schema');
    const coverage = chooseCoverage(
      { ...deps.model, tables: deps.model.tables.filter(isPresent) },
      facts,
      chosen?.filter(isPresent).map(qualifiedName),
    );
    const wanted = (chosen ?? deps.model.tables).filter(
      (table) => missing.has(qualifiedName(table)) || coverage.tables.includes(table),
    );
    // A table that somebody has locked must become a finding, not hang the check.
    await session.query(`SET lock_timeout = '5s'`);
    const tables = await namingHolders(session, coverage.tables, 'check again.', () =>
      readTables(session, coverage.tables, new Map()),
    );
    const described = await namingHolders(session, coverage.described, 'check again.', () =>
      readTables(session, coverage.described, new Map()),
    );
    const notes = [...coverage.warnings];
    const unknown = coverage.losses.map((loss) => lossText(loss).replace(/\.$/, ''));
    findings.push(
      await outcome('schema', `all ${wanted.length} tables to be backed up are there`, async () => {
        refuseOrphanedPartitions(wanted, facts, deps.model);
        const compared = compareColumns(wanted, tables);
        await refuseRowsWithoutColumns(session, tables, described);
        notes.push(...compared.warnings);
        unknown.push(
          ...compared.unknownColumns.map(
            (column) =>
              `column ${qualifiedName(column)}.${column.column} is not in the schema; it is backed up all the same`,
          ),
        );
      }),
    );
    findings.push(
      unknown.length === 0
        ? { check: 'unknown', ok: true, message: 'everything in the database is protected or left out for a reason' }
        : {
            check: 'unknown',
            ok: false,
            code: 'UNKNOWN_OBJECTS',
            message: unknown.join('; '),
            hint: 'Add tables and columns to the Drizzle schema, or say in the file that BACKUP_EXCLUDE names what is left out on purpose; --strict refuses the rest.',
          },
      ...notes.map(note),
    );
    const [me] = await session.query<{ role: string }>('SELECT current_user AS role');
    const role = me?.role ?? '';
    findings.push(
      ...rightsFindings('rights', `${role} may read every row`, await missingForBackup(session, coverage.tables)),
    );
    findings.push(
      await outcome('locks', 'the server has room for the locks of a backup', () =>
        affordableConnections(session, coverage.tables, 1),
      ),
    );
    findings.push(await longRows(session, tables));
    // Reading here reports what cannot be read exactly as a backup would.
    const { types } = await readDefinitions(
      session,
      [...tables, ...described].map((table) => table.oid),
    );
    findings.push(...definitionWarnings(await readEncoding(session), types).map(note));
    heapBytes = tables.flatMap((table) => table.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0);
    findings.push(...(await restoreFindings(session, tables, heapBytes, signal)));
  } catch (error) {
    if (signal.aborted) throw error;
    const known = { code: 'UNKNOWN_OBJECTS' as const, end: 'No backup can be made.', signal };
    findings.push(failed('database', await explainCatalogText(error, deps.databaseUrl, known)));
  }
  return { findings, heapBytes };
}

/** Returns a finding for a warning of a backup that is not a fault. */
function note(message: string): Finding {
  return { check: 'unknown', ok: true, message: `note: ${message}` };
}

/** Searches for rows that PostgreSQL cannot write out, in tables that store enough data to hold one. */
async function longRows(session: Session, tables: LiveTable[]): Promise<Finding> {
  const leaves = tables.flatMap((table) => table.leaves.filter(({ foreign }) => !foreign));
  const found: string[] = [];
  const unlooked: string[] = [];
  for (const table of await mayHoldLongRows(
    session,
    leaves.map(({ oid }) => oid),
  )) {
    try {
      const rows = await findLongRows(session, table, LONG_ROWS_MS);
      const long = rows.filter(({ bytes }) => bytes > MOST_TEXT_BYTES);
      found.push(...long.map((row) => `of ${qualifiedName(table)} ${describeLongRow(row)}`));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'CANCELLED') throw error;
      unlooked.push(qualifiedName(table));
    }
  }
  const rest = unlooked.length === 0 ? '' : `; not looked at for long enough: ${unlooked.join(', ')}`;
  if (found.length === 0)
    return { check: 'long rows', ok: true, message: `no row is longer than PostgreSQL can write as text${rest}` };
  return {
    check: 'long rows',
    ok: false,
    code: 'DATABASE_ERROR',
    message: `longer than the gigabyte PostgreSQL can write as text: ${found.join('; ')}${rest}`,
    hint: LONG_ROW_HINT,
  };
}

/** Returns the findings that only a restore would meet. Checks the rows too, for a limited time. */
async function restoreFindings(
  session: Session,
  tables: LiveTable[],
  heapBytes: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const oids = tables.map((table) => table.oid);
  const { missing, obstacles } = await readPreflight(session, tables, await describeSequences(session, oids, []));
  const { broken, failing, unlooked } = await readBrokenRows(session, tables, signal);
  const stale = await describeStaleViews(session, oids);
  const rights = rightsFindings('restore rights', 'this role has every right that a restore needs', missing);
  return [
    ...rights.map((finding) => (finding.ok ? finding : { ...finding, restore: 'stops' as const })),
    ...obstacles.map(({ stops, message, hint }): Finding => {
      return { check: 'restore', ok: false, restore: stops ? 'stops' : 'may', message, hint };
    }),
    ...(stale === null ? [] : [{ check: 'restore' as const, ok: true, message: `note: after a restore: ${stale}` }]),
    ...broken.map(
      (rule): Finding => ({
        check: 'restore rows',
        ok: false,
        restore: rule.stops ? 'stops' : 'may',
        message: describeBroken(rule),
        hint: rule.stops
          ? 'A restore puts this rule back over the same rows and is refused, unless it is a foreign key or a check and --keep-broken-rules is given. Correct these rows, then make a backup.'
          : 'The rule is NOT VALID, and a restore puts it back so.',
      }),
    ),
    ...failing.map((one): Finding => {
      const restore = one.stops ? 'stops' : 'may';
      return { check: 'restore rows', ok: false, restore, message: describeFailing(one), hint: one.failure.hint };
    }),
    {
      check: 'restore rows',
      ok: unlooked.length === 0,
      ...(unlooked.length > 0 && { restore: 'may' as const }),
      message:
        unlooked.length === 0
          ? `every row was compared with the checks, keys, foreign keys and types of its table: ${broken.length + failing.length === 0 ? 'none breaks any' : 'see above for what was found'}`
          : `not every row was looked at: ${unlooked.join('; ')}`,
    },
    {
      check: 'restore space',
      ok: false,
      restore: 'may',
      message: `a restore needs about ${mebibytes(restoreBytes(heapBytes))} on the disk of the database server for a while; what is free there cannot be seen from here`,
    },
  ];
}

async function checkStorage(storage: Storage, heapBytes: number | null): Promise<Finding[]> {
  const writable = await outcome('storage', `${storage.label} can be written to`, async () => {
    await using probe = await storage.create('check.zip');
    await probe.write(new Uint8Array(1));
  });
  if (!writable.ok) return [writable];
  const free = await storage.freeSpace();
  if (free === null) return [writable, { check: 'space', ok: true, message: 'free space cannot be known here' }];
  const here = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (heapBytes === null)
    return [writable, { check: 'space', ok: true, message: `${here}; what a backup needs is not known` }];
  const needed = archiveBytes(heapBytes);
  const enough = free >= needed && free > 0;
  return [
    writable,
    {
      check: 'space',
      ok: enough,
      message: `${here}, a backup needs about ${mebibytes(needed)} or more`,
      ...(!enough && {
        code: 'DISK_FULL' as const,
        hint: 'Free space there, or choose another folder with BACKUP_DIR or --output.',
      }),
    },
  ];
}

function rightsFindings(
  check: 'rights' | 'restore rights',
  good: string,
  missing: { message: string; grant: string }[],
): Finding[] {
  if (missing.length === 0) return [{ check, ok: true, message: good }];
  return missing.map(({ message, grant }) => ({
    check,
    ok: false,
    code: 'PERMISSION_DENIED' as const,
    message,
    hint: grant,
  }));
}

async function outcome(check: Finding['check'], good: string, look: () => unknown): Promise<Finding> {
  try {
    await look();
    return { check, ok: true, message: good };
  } catch (error) {
    return failed(check, error);
  }
}

function failed(check: Finding['check'], error: unknown): Finding {
  const known = error instanceof AppError ? error : unexpected(error);
  return { check, ok: false, code: known.code, message: known.message, ...(known.hint && { hint: known.hint }) };
}
