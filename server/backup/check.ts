import { openSession } from '../../db/connect.ts';
import { qualifiedName, type SchemaModel } from '../../db/model.ts';
import { configureSession } from '../../db/working-session.ts';
import { AppError, type ErrorCode, unexpected } from '../errors.ts';
import { listForeignPartitions, listTables, readTables } from '../postgres/catalog.ts';
import { refusePooler } from '../postgres/lock.ts';
import { missingForBackup, missingForRewrite } from '../postgres/rights.ts';
import type { Storage } from '../storage/storage.ts';
import { chooseScope, compareColumns } from './scope.ts';

/** One thing looked at: whether it will do, and if not, what to do. */
export interface Finding {
  check: 'server' | 'pooler' | 'schema' | 'unknown' | 'rights' | 'restore rights' | 'storage' | 'space' | 'database';
  ok: boolean;
  message: string;
  code?: ErrorCode;
  hint?: string;
}

export interface EnvironmentReport {
  /** Whether a backup would go through. What only a restore needs is told, but does not count. */
  ok: boolean;
  findings: Finding[];
}

/** Looks at everything a backup needs and makes none. Every fault is a finding with what to do; it throws only when cancelled. */
export async function checkEnvironment(
  deps: { databaseUrl: string; storage: Storage; model: SchemaModel },
  signal: AbortSignal,
): Promise<EnvironmentReport> {
  const findings: Finding[] = [...(await checkDatabase(deps, signal)), ...(await checkStorage(deps.storage))];
  return {
    ok: findings.every((finding) => finding.ok || finding.check === 'restore rights' || finding.check === 'unknown'),
    findings,
  };
}

async function checkDatabase(
  deps: { databaseUrl: string; model: SchemaModel },
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    await using session = await openSession(deps.databaseUrl, { applicationName: 'palace-backup check', signal });
    await using probe = await openSession(deps.databaseUrl, { applicationName: 'palace-backup check', signal });
    const pooler = await outcome('pooler', 'connected to the server itself, not through a transaction pooler', () =>
      refusePooler(session, probe),
    );
    // Nothing is set through a pooler: it would stay with whoever comes next.
    if (!pooler.ok) return [pooler];
    const version = await configureSession(session);
    findings.push(
      { check: 'server', ok: true, message: `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000} answers` },
      pooler,
    );

    const listing = await listTables(session);
    const scope = chooseScope({ ...deps.model, tables: [] }, listing, undefined, await listForeignPartitions(session));
    // A table that somebody holds is a finding, not a reason to hang.
    await session.query(`SET lock_timeout = '5s'`);
    const tables = await readTables(session, deps.model.tables, new Map());
    const unknownColumns: string[] = [];
    findings.push(
      await outcome('schema', `all ${deps.model.tables.length} tables of the schema are there`, () => {
        const compared = compareColumns(deps.model.tables, tables);
        unknownColumns.push(
          ...compared.unknownColumns.map((column) => `column ${qualifiedName(column)}.${column.column}`),
        );
      }),
    );
    const protectedNames = new Set(deps.model.tables.map(qualifiedName));
    const unknown = [
      ...scope.unknown
        .filter((table) => !protectedNames.has(qualifiedName(table)))
        .map((table) => `table ${qualifiedName(table)}`),
      ...unknownColumns,
    ];
    findings.push(
      unknown.length === 0
        ? { check: 'unknown', ok: true, message: 'the database has nothing the schema does not know' }
        : {
            check: 'unknown',
            ok: false,
            code: 'UNKNOWN_OBJECTS',
            message: `unknown to the schema: ${unknown.join(', ')}`,
            hint: 'Add it to the Drizzle schema or classify it as left out; --strict refuses it.',
          },
    );
    const [me] = await session.query<{ role: string }>('SELECT current_user AS role');
    const role = me?.role ?? '';
    findings.push(
      ...rightsFindings('rights', `${role} may read every row`, await missingForBackup(session, deps.model.tables)),
    );
    findings.push(
      ...rightsFindings('restore rights', `${role} could restore: it owns the tables`, missingForRewrite(tables, role)),
    );
  } catch (error) {
    if (signal.aborted) throw error;
    findings.push(failed('database', error));
  }
  return findings;
}

async function checkStorage(storage: Storage): Promise<Finding[]> {
  const writable = await outcome('storage', `${storage.label} can be written to`, async () => {
    await using probe = await storage.create('check.zip');
    await probe.write(new Uint8Array(1));
  });
  if (!writable.ok) return [writable];
  const free = await storage.freeSpace();
  return [
    writable,
    {
      check: 'space',
      ok: free === null || free > 0,
      message: free === null ? 'free space cannot be known here' : `${(free / 1024 ** 3).toFixed(1)} GiB free`,
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
