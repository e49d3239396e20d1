import { qualifiedName } from '../../../db/model/model.ts';
import type { ManifestTable } from '../../archive/manifest/manifest.ts';
import type { Archive } from '../../archive/reader.ts';
import { AppError } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import type { Storage } from '../../storage/storage.ts';
import { FirstRows, NAMED_ROWS } from './first-rows.ts';
import { gatherKeys } from './gather.ts';
import { judgeRule } from './judge.ts';
import { KeyWriter } from './key-records.ts';
import { nameRows } from './name-rows.ts';
import { type Gathered, type PlannedRule, planRules, type RulePlan, type Unchecked } from './plan.ts';

/** A rule that rows of the archive break. */
export interface BrokenByRows {
  /** `schema.name`. */
  table: string;
  rule: string;
  kind: PlannedRule['kind'];
  /** The table a foreign key refers to; null for other rules. */
  target: string | null;
  /** True for a NOT VALID rule, which older rows may break. Null where the archive does not say. */
  notValid: boolean | null;
  rows: number;
  /** Primary keys of the first of these rows. */
  keys: string[];
}

export interface RowRuleReport {
  /** True when no row breaks a valid rule. Says nothing about unchecked rules. */
  ok: boolean;
  /** Rules checked; `rows` counts the rows read for them. */
  checked: number;
  rows: number;
  broken: BrokenByRows[];
  unchecked: Unchecked[];
  /** True when the archive records collations, MATCH FULL and NOT VALID. Format 1.0 does not, so its text is compared byte by byte. */
  tellsRules: boolean;
}

export interface RowRuleDeps {
  /** Storage for keys while they are compared: about as many bytes as the key columns have. */
  scratch: Pick<Storage, 'create' | 'open'>;
  /** Seed of the key hashes; any number, since results do not depend on it. */
  seed: number;
}

const KEYS = 'keys.part';

/**
 * Checks the rows of a verified archive against its primary, unique and foreign keys, without a database and in bounded memory. Compares
 * values as PostgreSQL does; a rule whose text does not tell how is reported as unchecked. Rejects with ARCHIVE_DAMAGED, DISK_FULL,
 * STORAGE_UNAVAILABLE or CANCELLED.
 */
export async function checkRows(
  archive: Archive,
  deps: RowRuleDeps,
  options: { signal: AbortSignal; onProgress: OnProgress },
): Promise<RowRuleReport> {
  const plan = planRules(archive.manifest);
  const tellsRules = archive.manifest.tables.every(({ rules }) => rules !== undefined);
  if (plan.rules.length === 0)
    return { ok: true, checked: 0, rows: 0, broken: [], unchecked: plan.unchecked, tellsRules };
  await using pending = await deps.scratch.create(KEYS);
  const gathered = await gatherAll(archive, plan, new KeyWriter(pending, deps.seed), options);
  await pending.commit();
  await using keys = await deps.scratch.open(KEYS);
  const unchecked = [...plan.unchecked];
  const broken: BrokenByRows[] = [];
  let checked = 0;
  for (const rule of plan.rules) {
    const { table, target } = rule;
    const unread = gathered.unread.get(table) ?? (target && gathered.unread.get(target.table));
    if (unread) {
      unchecked.push({ table: qualifiedName(table), rule: rule.rule, reason: unread });
      continue;
    }
    options.onProgress({ stage: 'links', ...gathered.done, table: qualifiedName(table) });
    const found = new FirstRows();
    const byNull = gathered.byNull.get(rule.own);
    await judgeRule(rule, keys, found, options.signal);
    checked += 1;
    const rows = found.count + (byNull?.count ?? 0);
    if (rows > 0)
      broken.push(await describe(archive, rule, rows, [...found.rowNumbers, ...(byNull?.rowNumbers ?? [])]));
  }
  const ok = broken.every(({ notValid }) => notValid === true);
  return { ok, checked, rows: gathered.done.rows, broken, unchecked, tellsRules };
}

interface AllGathered {
  byNull: Map<Gathered, FirstRows>;
  /** Tables whose rows cannot be read as text, and why. */
  unread: Map<ManifestTable, string>;
  done: { rows: number; bytes: number; totalBytes: number };
}

async function gatherAll(
  archive: Archive,
  { gathered }: RulePlan,
  writer: KeyWriter,
  { signal, onProgress }: { signal: AbortSignal; onProgress: OnProgress },
): Promise<AllGathered> {
  const totalBytes = [...gathered.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
  const all: AllGathered = { byNull: new Map(), unread: new Map(), done: { rows: 0, bytes: 0, totalBytes } };
  for (const [table, wanted] of gathered) {
    const onChunk = (bytes: number, rows: number) => {
      all.done.bytes += bytes;
      all.done.rows += rows;
      onProgress({ stage: 'links', ...all.done, table: qualifiedName(table) });
    };
    try {
      for (const [one, found] of await gatherKeys(archive, table, wanted, writer, { signal, onChunk }))
        all.byNull.set(one, found);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ARCHIVE_INVALID') throw error;
      all.unread.set(table, `${qualifiedName(table)} holds text that is not UTF-8`);
    }
  }
  return all;
}

async function describe(
  archive: Archive,
  rule: PlannedRule,
  rows: number,
  rowNumbers: number[],
): Promise<BrokenByRows> {
  const { table, target, kind, notValid } = rule;
  const first = rowNumbers.toSorted((a, b) => a - b).slice(0, NAMED_ROWS);
  return {
    table: qualifiedName(table),
    rule: rule.rule,
    kind,
    target: target && qualifiedName(target.table),
    notValid,
    rows,
    keys: await nameRows(archive, table, first),
  };
}
