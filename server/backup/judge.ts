import type { ObjectName } from '../../db/model/model.ts';
import { qualifiedName } from '../../db/model/model.ts';
import { leftOutRule } from '../../db/system/left-out.ts';
import { FILTERED_TABLE, UNKNOWN_TABLE } from '../archive/manifest/losses.ts';
import { COUNTED_ROWS, type Inventory, type Relation } from '../postgres/catalog/inventory.ts';
import type { Exclusion } from './exclusions.ts';

/**
 * Decision of a backup on one relation: its data is archived, left out for a reason, or lost without anybody's decision.
 * `described` is a table whose definition alone is kept; `dataless` holds no data and belongs to no schema.
 */
export type Verdict =
  | { class: 'protected' }
  | { class: 'described' | 'left out'; reason: string }
  | { class: 'lost'; kind: string; reason: string }
  | { class: 'dataless' };

export interface JudgeFacts {
  inventory: Inventory;
  /** Returns true when the schema declares a table of this name. */
  declares(name: ObjectName): boolean;
  /** Returns true when the schema declares the table but a filter leaves it out. */
  filters?(name: ObjectName): boolean;
  /** Rows of extension tables, by oid; null where they could not be counted. */
  extensionRows: ReadonlyMap<number, number | null>;
  exclusions: readonly Exclusion[];
}

/** Puts every relation of a database into exactly one class. Pure. */
export function judge(facts: JudgeFacts): Map<Relation, Verdict> {
  const { relations } = facts.inventory;
  const verdicts = new Map<Relation, Verdict>();
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const decide = (relation: Relation): Verdict => {
    const known = verdicts.get(relation);
    if (known) return known;
    const head = byOid.get(relation.root ?? relation.owner ?? -1);
    const above = head && head !== relation ? { relation: head, verdict: decide(head) } : null;
    const verdict = relation.kind === 'sequence' ? ofSequence(relation, above, facts) : ofTable(relation, above, facts);
    verdicts.set(relation, verdict);
    return verdict;
  };
  for (const relation of relations) decide(relation);
  return verdicts;
}

type Above = { relation: Relation; verdict: Verdict } | null;

function ofTable(relation: Relation, above: Above, facts: JudgeFacts): Verdict {
  const rule = leftOutRule(relation);
  if (rule?.always) return leftOut(rule.reason);
  if (relation.root !== null && above !== null) return ofPartition(relation, above);
  const declared = facts.declares(relation);
  const excluded = facts.exclusions.find(
    ({ what, matches }) => (what === 'tables' || what === 'rows') && matches(relation),
  );
  if (excluded && relation.kind !== 'view') {
    const isDescribed =
      excluded.what === 'rows' && declared && relation.kind === 'table' && relation.extension === null;
    return { class: isDescribed ? 'described' : 'left out', reason: excluded.reason };
  }
  switch (relation.kind) {
    case 'view':
      return declared ? leftOut('a view: it holds no rows of its own') : { class: 'dataless' };
    case 'materialised view':
      return leftOut('a materialised view: its rows are computed again by REFRESH MATERIALIZED VIEW');
    case 'foreign table':
      return leftOut(FOREIGN);
    default:
      if (relation.extension !== null) return ofExtensionTable(relation, relation.extension, declared, facts);
      if (declared) return { class: 'protected' };
      if (rule) return leftOut(rule.reason);
      return { class: 'lost', kind: 'table', reason: facts.filters?.(relation) ? FILTERED_TABLE : UNKNOWN_TABLE };
  }
}

const FOREIGN = 'a foreign table: its rows live on another server';

function ofPartition(relation: Relation, above: NonNullable<Above>): Verdict {
  if (relation.kind === 'foreign table')
    return leftOut(`a foreign partition of ${qualifiedName(above.relation)}: its rows live on another server`);
  return above.verdict;
}

/**
 * Judges a table of an extension, which alone knows the rows it brought. Rows that it marks as the user's are losses, and so are all rows
 * of a table the schema declares.
 */
function ofExtensionTable(relation: Relation, extension: string, declared: boolean, facts: JudgeFacts): Verdict {
  const belongs = `belongs to the extension ${extension}`;
  const rows = facts.extensionRows.get(relation.oid) ?? null;
  const lost = (reason: string): Verdict => ({ class: 'lost', kind: 'extension table', reason });
  const matters = declared || relation.keptRows !== null;
  if (rows === null && matters)
    return lost(
      `it ${belongs}, and whether it holds rows of your own could not be told${relation.readable ? '' : ` (${relation.grant})`}`,
    );
  if (rows === null || rows === 0) return leftOut(belongs);
  if (relation.keptRows !== null) {
    const count = rows >= COUNTED_ROWS ? `${COUNTED_ROWS} rows or more` : rows === 1 ? '1 row' : `${rows} rows`;
    return lost(`it ${belongs}, which takes ${count} in it for your own`);
  }
  if (declared) return lost(`it ${belongs}, and its rows cannot be told from those of the extension`);
  return leftOut(`${belongs}; it holds rows`);
}

/** Judges a sequence: it goes with the table that owns it, but stays in the backup when that table is unknown. */
function ofSequence(relation: Relation, above: Above, facts: JudgeFacts): Verdict {
  const rule = leftOutRule(relation);
  if (rule?.always) return leftOut(rule.reason);
  const excluded = facts.exclusions.find(({ what, matches }) => what === 'sequences' && matches(relation));
  if (excluded) return leftOut(excluded.reason);
  if (above?.verdict.class === 'left out')
    return leftOut(`belongs to ${qualifiedName(above.relation)}: ${above.verdict.reason}`);
  if (relation.extension !== null && relation.keptRows === null)
    return leftOut(`belongs to the extension ${relation.extension}`);
  if (rule && above === null) return leftOut(rule.reason);
  return relation.readable
    ? { class: 'protected' }
    : { class: 'lost', kind: 'sequence', reason: `this role may not read it (${relation.grant})` };
}

function leftOut(reason: string): Verdict {
  return { class: 'left out', reason };
}
