import { createHash } from 'node:crypto';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName, shortName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { ManifestTable } from '../../archive/manifest/manifest.ts';
import type { Archive } from '../../archive/reader.ts';
import { AppError } from '../../core/errors.ts';
import { readShape } from '../../postgres/catalog/shape.ts';
import { type Differences, findDifferences } from '../../postgres/compare/differences.ts';
import { type KeyColumn, readRowKeys } from '../../postgres/compare/row-key.ts';
import type { ComparedTable } from '../../postgres/compare/row-source.ts';
import { isUnchanged, type Watermark } from '../../postgres/rows/watermark.ts';
import type { PlannedTable } from '../plan.ts';
import type { ChosenWay } from '../ways/way.ts';

/** What a plan was made of. A restore with the plan is refused when any of it is different. */
export interface PlanBasis {
  /** Digest of the archive. */
  archive: string;
  /** `schema.name` of every chosen table. */
  tables: string[];
  keepBrokenRules: boolean;
  /** SHA-256 of the definitions of the tables. */
  schema: string;
  /** By `schema.name`: what tells whether a table is still the same. */
  live: Record<string, Watermark>;
}

/** A plan by which a restore may change live. */
export interface ApprovedPlan {
  operationId: string;
  digest: string;
  basis: PlanBasis;
  tables: (Omit<Differences, 'by'> & { table: string })[];
}

/** Returns the digest of a plan: SHA-256 over everything that a restore with it must find again. */
export function planDigest({ operationId, basis, tables }: Omit<ApprovedPlan, 'digest'>): string {
  const numbers = tables.map(({ table, added, changed, removed, unchanged, columns }) => [
    ...[table, added, changed, removed, unchanged],
    Object.entries(columns).sort(),
  ]);
  const { archive, tables: chosen, keepBrokenRules, schema, live } = basis;
  const states = Object.entries(live)
    .map(([name, { horizon, rows }]) => `${name} ${horizon} ${rows}`)
    .sort();
  return sha256(JSON.stringify([operationId, archive, chosen, keepBrokenRules, schema, states, numbers]));
}

/** Reads what a plan is made of, without the state of the rows. */
export async function readBasis(
  session: Session,
  { digest }: Archive,
  chosen: ManifestTable[],
  input: { keepBrokenRules?: boolean },
  oids: number[],
): Promise<Omit<PlanBasis, 'live'>> {
  return {
    archive: digest,
    tables: chosen.map(qualifiedName).sort(),
    keepBrokenRules: input.keepBrokenRules === true,
    schema: sha256(JSON.stringify(await readShape(session, oids))),
  };
}

/** Throws RESTORE_REFUSED, naming all that is different, when a restore is not the one that was planned. */
export function refuseOtherBasis(plan: ApprovedPlan, now: Omit<PlanBasis, 'live'>): void {
  const { basis } = plan;
  const faults = [
    ...(basis.archive === now.archive ? [] : ['it is another backup']),
    ...(basis.tables.join() === now.tables.join() ? [] : ['other tables are chosen']),
    ...(basis.keepBrokenRules === now.keepBrokenRules ? [] : ['rules that rows break are to be treated otherwise']),
    ...(basis.schema === now.schema ? [] : ['the definition of a table has changed']),
  ];
  if (faults.length > 0) throw otherThanPlanned(plan, faults);
}

/**
 * Throws RESTORE_REFUSED when more rows would be removed or overwritten than the plan says. Call it under the locks of the tables: tables
 * that are still the same are not looked at again, the others are compared with the staged rows. The way `rows` stages no table that is equal.
 */
export async function refuseMoreLosses(
  session: Session,
  plan: ApprovedPlan,
  tables: PlannedTable[],
  way: ChosenWay['way'],
): Promise<void> {
  const faults: string[] = [];
  const keys = await readRowKeys(
    session,
    tables.map(({ live }) => live.oid),
  );
  for (const table of tables) {
    const planned = plan.tables.find((one) => one.table === shortName(table.archived));
    const before = plan.basis.live[qualifiedName(table.live)];
    if (planned && before && (await isUnchanged(session, table.live, before))) continue;
    const [staged] = await session.query<{ there: boolean }>(`SELECT pg_catalog.to_regclass($1) IS NOT NULL AS there`, [
      quoteName(table.staging),
    ]);
    // That way itself sees to it that the table is still equal.
    if (planned && !staged?.there && way === 'rows') continue;
    if (!planned || !staged?.there) {
      faults.push(`rows of ${qualifiedName(table.live)} were written since`);
      continue;
    }
    // The tables of differences that the way of applying made stay as they are.
    await session.query('SAVEPOINT compared_again');
    const { differences } = await findDifferences(session, comparedOf(table, keys.get(table.live.oid)));
    await session.query('ROLLBACK TO SAVEPOINT compared_again; RELEASE SAVEPOINT compared_again');
    const { changed, removed } = differences;
    if (removed > planned.removed || removed + changed > planned.removed + planned.changed)
      faults.push(
        `${qualifiedName(table.live)} would lose ${removed} rows and ${changed} would be overwritten, where the plan says ${planned.removed} and ${planned.changed}`,
      );
  }
  if (faults.length > 0) throw otherThanPlanned(plan, faults);
}

/** Returns how a planned table is compared with live: by its key, where the backup holds every column of it. */
export function comparedOf(
  { live, staging, columns, archived }: PlannedTable,
  key: KeyColumn[] | undefined,
): ComparedTable {
  const usable = key?.every(({ name }) => columns.includes(name)) ? key : null;
  return { live, staging, columns, key: usable, rows: archived.rows };
}

function otherThanPlanned({ operationId }: ApprovedPlan, faults: string[]): AppError {
  return new AppError('RESTORE_REFUSED', `This is not what was planned: ${faults.join('; ')}. Nothing was changed.`, {
    hint: 'Make a new plan, look at it, and restore with that.',
    details: { plan: operationId, faults },
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
